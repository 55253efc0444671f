// SPDX-License-Identifier: Apache-2.0
// Asio's and Beast's own code, compiled once (BOOST_ASIO_SEPARATE_COMPILATION and its sister).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
