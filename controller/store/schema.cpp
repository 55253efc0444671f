// SPDX-License-Identifier: Apache-2.0
#include "controller/store/schema.hpp"

namespace controller {

// `identity` is written once and its page never again, while `head` is written by every round. So
// the two agree on the life of the store unless a write-ahead log of another one lies beside it.
const std::array<const char*, kSchemaVersion> kSteps{
    R"sql(
PRAGMA application_id=1869767528;
CREATE TABLE identity(
  only INTEGER PRIMARY KEY CHECK(only = 1),
  cluster TEXT NOT NULL CHECK(cluster <> ''),
  life TEXT NOT NULL CHECK(life <> '')) STRICT;
CREATE TABLE head(
  only INTEGER PRIMARY KEY CHECK(only = 1),
  life TEXT NOT NULL,
  incarnation INTEGER NOT NULL CHECK(incarnation > 0),
  start INTEGER NOT NULL CHECK(start >= 0),
  revision INTEGER NOT NULL CHECK(revision >= 0),
  rounds INTEGER NOT NULL CHECK(rounds >= 0),
  sum INTEGER NOT NULL) STRICT;
CREATE TABLE object(
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK(kind <> ''),
  name TEXT NOT NULL CHECK(name <> ''),
  uid TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK(revision > 0),
  sum INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE(kind, name)) STRICT;
CREATE TABLE change(
  id INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL CHECK(revision > 0),
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  verb TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  because TEXT NOT NULL,
  sum INTEGER NOT NULL) STRICT;
CREATE INDEX change_by_revision ON change(revision);
PRAGMA user_version=1;
)sql",
    R"sql(
CREATE TABLE sample(
  id INTEGER PRIMARY KEY,
  run TEXT NOT NULL CHECK(run <> ''),
  task TEXT NOT NULL CHECK(task <> ''),
  attempt INTEGER NOT NULL CHECK(attempt >= 0),
  scored INTEGER NOT NULL CHECK(scored IN (0, 1)),
  sum INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE(run, task, attempt, scored)) STRICT;
PRAGMA user_version=2;
)sql",
    R"sql(
CREATE TABLE change_floor(
  only INTEGER PRIMARY KEY CHECK(only = 1),
  revision INTEGER NOT NULL CHECK(revision > 0),
  sum INTEGER NOT NULL) STRICT;
PRAGMA user_version=3;
)sql",
};

const char* const kNoViews = R"sql(
DROP VIEW IF EXISTS machine;
DROP VIEW IF EXISTS model;
DROP VIEW IF EXISTS bench;
DROP VIEW IF EXISTS job;
)sql";

const char* const kViews = R"sql(
DROP VIEW IF EXISTS machine;
DROP VIEW IF EXISTS model;
DROP VIEW IF EXISTS bench;
DROP VIEW IF EXISTS job;
CREATE VIEW machine AS SELECT
  name,
  json_extract(body, '$.spec.class') AS class,
  json_extract(body, '$.spec.memory') AS memory,
  json_extract(body, '$.spec.roles') AS roles,
  (SELECT json_extract(value, '$.status')
     FROM json_each(object.body, '$.status.conditions')
    WHERE json_extract(value, '$.type') = 'Ready') AS ready,
  (SELECT json_extract(claim.body, '$.spec.deployment')
     FROM object AS claim
    WHERE claim.kind = 'Claim' AND claim.name = object.name) AS holder,
  json_extract(body, '$.status.agentVersion') AS agent_version,
  revision, body
  FROM object WHERE kind = 'Machine';
CREATE VIEW model AS SELECT
  name,
  json_extract(body, '$.spec.family') AS family,
  coalesce(json_extract(body, '$.spec.source.repo'), json_extract(body, '$.spec.source.file'),
           json_extract(body, '$.spec.source.path')) AS source,
  json_extract(body, '$.spec.quantization') AS quantization,
  json_extract(body, '$.spec.minMemory') AS min_memory,
  json_extract(body, '$.spec.nodes') AS nodes,
  revision, body
  FROM object WHERE kind = 'Model';
CREATE VIEW bench AS SELECT
  name,
  json_extract(body, '$.spec.harness') AS harness,
  json_extract(body, '$.spec.aliases') AS aliases,
  json_extract(body, '$.spec.metrics.primary') AS metric,
  json_extract(body, '$.spec.timeout') AS timeout,
  revision, body
  FROM object WHERE kind = 'Bench';
CREATE VIEW job AS SELECT
  name, uid,
  json_extract(body, '$.spec.bench') AS bench,
  json_extract(body, '$.spec.model') AS model,
  json_extract(body, '$.spec.priority') AS priority,
  json_extract(body, '$.status.phase') AS phase,
  json_extract(body, '$.status.attempt') AS attempt,
  json_extract(body, '$.status.machine') AS machine,
  json_extract(body, '$.status.progress.total') AS total,
  json_extract(body, '$.status.progress.done') AS done,
  json_extract(body, '$.status.progress.passed') AS passed,
  json_extract(body, '$.status.progress.failed') AS failed,
  json_extract(body, '$.status.progress.errored') AS errored,
  json_extract(body, '$.status.result.score') AS score,
  json_extract(body, '$.status.result.tokensIn') AS tokens_in,
  json_extract(body, '$.status.result.tokensOut') AS tokens_out,
  json_extract(body, '$.status.result.wallSeconds') AS wall_seconds,
  json_extract(body, '$.status.startedAt') AS started,
  json_extract(body, '$.status.finishedAt') AS finished,
  revision, body
  FROM object WHERE kind = 'BenchRun';
)sql";

const std::array<const char*, static_cast<std::size_t>(Sql::count)> kSql{
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "SELECT cluster, life FROM identity",
    "INSERT INTO identity(only, cluster, life) VALUES(1, ?1, ?2) "
    "ON CONFLICT(only) DO UPDATE SET cluster = excluded.cluster, life = excluded.life",
    "SELECT life, incarnation, start, revision, rounds, sum FROM head",
    "INSERT INTO head(only, life, incarnation, start, revision, rounds, sum) "
    "VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(only) DO UPDATE SET life = excluded.life, "
    "incarnation = excluded.incarnation, start = excluded.start, revision = excluded.revision, "
    "rounds = excluded.rounds, sum = excluded.sum",
    "SELECT kind, name, uid, revision, sum, body, id FROM object NOT INDEXED ORDER BY id",
    // The index holds all three, so the table is not looked at.
    "SELECT kind, name, id FROM object INDEXED BY sqlite_autoindex_object_1 ORDER BY kind, name",
    "INSERT INTO object(kind, name, uid, revision, sum, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
    "ON CONFLICT(kind, name) DO UPDATE SET uid = excluded.uid, revision = excluded.revision, "
    "sum = excluded.sum, body = excluded.body",
    "DELETE FROM object WHERE kind = ?1 AND name = ?2",
    "INSERT INTO change(revision, at, who, verb, kind, name, because, sum) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    "SELECT coalesce(max(revision), 0) FROM change",
    "SELECT revision, at, who, verb, kind, name, because, sum FROM change WHERE revision > ?1 "
    "ORDER BY revision, id",
    "INSERT INTO sample(run, task, attempt, scored, sum, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
    "ON CONFLICT(run, task, attempt, scored) DO NOTHING",
    "SELECT run, task, attempt, scored, sum, body FROM sample WHERE run = ?1 ORDER BY id",
    "SELECT run, task, attempt, scored, sum, body FROM sample ORDER BY id",
    "SELECT revision, sum FROM change_floor",
    "INSERT INTO change_floor(only, revision, sum) VALUES(1, ?1, ?2) "
    "ON CONFLICT(only) DO UPDATE SET revision = excluded.revision, sum = excluded.sum",
    "SELECT coalesce(max(id), 0) FROM change",
    "SELECT id, revision, at FROM change ORDER BY id LIMIT ?1",
    "DELETE FROM change WHERE revision <= ?1",
};

}  // namespace controller
