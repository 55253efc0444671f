# One function makes every room: a static library with one include root, the warnings, and only the
# neighbours that it names. `room_tests` makes one GoogleTest binary of a room's tests.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(GTest REQUIRED)

find_program(ORCH_CCACHE ccache)
if(ORCH_CCACHE)
  # What a precompiled header holds is told by its .sum file (below): the file itself differs from
  # folder to folder.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_PCH_EXTSUM=1
    CCACHE_SLOPPINESS=pch_defines,time_macros ${ORCH_CCACHE})
endif()
find_program(ORCH_LLD ld.lld)
if(ORCH_LLD)
  add_link_options(-fuse-ld=lld)
endif()

set(ORCH_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast)
if(ORCH_WERROR)
  list(APPEND ORCH_WARNINGS -Werror)
endif()
if(CMAKE_UNITY_BUILD)
  # In a joined file every file but the first looks like a header; builds of single files check it.
  list(APPEND ORCH_WARNINGS -Wno-subobject-linkage)
endif()

# `name` is a precompiled header of these headers and flags, for targets that reuse it. It only saves
# time: every header is still compiled alone by a test, and a file includes what it uses.
function(orch_precompiled name)
  cmake_parse_arguments(P "" "" "HEADERS;FLAGS;USES" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cpp CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
  target_compile_options(${name} PRIVATE ${ORCH_WARNINGS} ${P_FLAGS})
  target_link_libraries(${name} PRIVATE ${P_USES})
  target_precompile_headers(${name} PRIVATE ${P_HEADERS})
  list(TRANSFORM P_HEADERS REPLACE "(.+)" "#include \\1" OUTPUT_VARIABLE lines)
  list(JOIN lines "\n" text)
  file(WRITE ${CMAKE_BINARY_DIR}/${name}.hpp "${text}\n")
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -E -P ${CMAKE_BINARY_DIR}/${name}.hpp
    OUTPUT_VARIABLE content COMMAND_ERROR_IS_FATAL ANY)
  string(SHA256 sum "${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_BUILD_TYPE} ${P_FLAGS} ${content}")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.gch.sum ${sum})
endfunction()

set(ORCH_STD_HEADERS <algorithm> <array> <cstdint> <functional> <map> <memory> <optional> <set>
  <string> <string_view> <utility> <variant> <vector>)
orch_precompiled(precompiled_std HEADERS ${ORCH_STD_HEADERS})
orch_precompiled(precompiled_test HEADERS ${ORCH_STD_HEADERS} <gtest/gtest.h> USES GTest::gtest)
# Rooms whose speed counts also in a debug build: hundreds of seeds are simulated with them.
if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT CMAKE_CXX_FLAGS_DEBUG MATCHES "fsanitize")
  set(ORCH_FAST_FLAGS -O1)
endif()
orch_precompiled(precompiled_fast HEADERS ${ORCH_STD_HEADERS} FLAGS ${ORCH_FAST_FLAGS})

# Targets of large files, of which fewer are joined: no compilation takes more than 15 s.
set(ORCH_LARGE api api_tests cli wire_tests reconcilers_tests controller_core controller_server
  controller_program controller_tests server_tests agentd_core_tests orch-sim)

function(orch_common target)
  if(target IN_LIST ORCH_LARGE)
    set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE 4)
  endif()
  # A message names `base/check.cpp`, wherever the checkout lies.
  target_compile_options(${target} PRIVATE ${ORCH_WARNINGS} -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  if(ORCH_TEST_HOOKS)
    target_compile_definitions(${target} PUBLIC ORCH_TEST_HOOKS=1)
  endif()
  set(precompiled precompiled_std ${ARGN})
  list(GET precompiled -1 precompiled)
  if(precompiled STREQUAL precompiled_fast)
    target_compile_options(${target} PRIVATE ${ORCH_FAST_FLAGS})
  endif()
  target_compile_options(${target} PRIVATE -fpch-preprocess)
  target_precompile_headers(${target} REUSE_FROM ${precompiled})
endfunction()

function(room name)
  cmake_parse_arguments(R "" "PRECOMPILED" "SOURCES;USES;THIRD_PARTY;DEFINES" ${ARGN})
  add_library(${name} STATIC ${R_SOURCES})
  orch_common(${name} ${R_PRECOMPILED})
  target_compile_definitions(${name} PRIVATE ${R_DEFINES})
  target_link_libraries(${name} PUBLIC ${R_USES} PRIVATE ${R_THIRD_PARTY})
endfunction()

function(program name)
  cmake_parse_arguments(R "" "PRECOMPILED" "SOURCES;USES;DEFINES" ${ARGN})
  add_executable(${name} ${R_SOURCES})
  orch_common(${name} ${R_PRECOMPILED})
  target_compile_definitions(${name} PRIVATE ${R_DEFINES})
  target_link_libraries(${name} PRIVATE ${R_USES})
endfunction()

function(room_tests name)
  cmake_parse_arguments(R "" "" "SOURCES;USES;DEFINES" ${ARGN})
  program(${name} SOURCES ${R_SOURCES} USES ${R_USES} GTest::gtest GTest::gtest_main
    DEFINES ${R_DEFINES} PRECOMPILED precompiled_test)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
endfunction()
