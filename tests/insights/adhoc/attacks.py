"""Ways out of a project's data that somebody may try; each must be refused before it is run."""

from __future__ import annotations

FILES = """
SELECT * FROM file('{file}', 'LineAsString')
SELECT file('{file}')
SELECT FILE('{file}')
SELECT `file`('{file}')
SELECT "file"('{file}')
SELECT /* a */ file /* b */ ( /* c */ '{file}' )
SELECT x FROM (SELECT file('{file}') AS x)
SELECT arrayMap(x -> file(x), ['{file}'])
SELECT [file('{file}')][1]
WITH file('{file}') AS x SELECT x
WITH x AS (SELECT file('{file}') AS y) SELECT y FROM x
SELECT 1 WHERE file('{file}') = ''
SELECT 1 PREWHERE file('{file}') = ''
SELECT count() FROM command GROUP BY file('{file}')
SELECT count() FROM command HAVING file('{file}') = ''
SELECT 1 FROM command QUALIFY file('{file}') = ''
SELECT 1 FROM command ORDER BY file('{file}')
SELECT 1 FROM command ORDER BY time WITH FILL FROM file('{file}')
SELECT 1 FROM command LIMIT toUInt8(file('{file}'))
SELECT 1 FROM command LIMIT 1 OFFSET toUInt8(file('{file}'))
SELECT 1 FROM command LIMIT 1 BY file('{file}')
SELECT count() OVER (PARTITION BY file('{file}')) FROM command
SELECT count() OVER w FROM command WINDOW w AS (ORDER BY file('{file}'))
SELECT count() FROM command ARRAY JOIN [file('{file}')] AS x
SELECT count() FROM command LEFT JOIN sessions ON file('{file}') = ''
SELECT quantile(file('{file}'))(1)
SELECT CAST(1, file('{file}'))
SELECT 1 IN (SELECT file('{file}'))
SELECT exists(SELECT file('{file}'))
SELECT CASE WHEN 1 THEN file('{file}') END
SELECT 1 UNION ALL SELECT file('{file}')
SELECT '1' EXCEPT SELECT file('{file}')
SELECT '1' INTERSECT SELECT file('{file}')
SELECT * REPLACE (file('{file}') AS command) FROM command
SELECT * APPLY (x -> file('{file}')) FROM command
SELECT * APPLY file FROM command
SELECT COLUMNS('.*') APPLY file FROM command
SELECT sumIf(1, file('{file}') = '')
SELECT count() FROM command GROUP BY GROUPING SETS ((command), (file('{file}')))
SELECT 1 FROM command ORDER BY time WITH FILL INTERPOLATE (time AS file('{file}'))
SELECT count() FILTER (WHERE file('{file}') = '') FROM command
SELECT * FROM fileCluster('c', '{file}')
SELECT * FROM sqlite('{file}', 't')
SELECT * FROM executable('cat', 'LineAsString', 'x String')
SELECT * FROM input('x String')
SELECT 1 INTO OUTFILE '{out}'
SELECT 1 INTO OUTFILE '{out}' FORMAT CSV
SELECT 1 INTO OUTFILE '{out}' APPEND
SELECT 1 INTO OUTFILE '{out}' AND STDOUT
SELECT * FROM (SELECT 1 INTO OUTFILE '{out}')
INSERT INTO FUNCTION file('{out}', 'CSV') SELECT 1
"""

ELSEWHERE = """
SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')
SELECT * FROM s3('http://127.0.0.1:1/b/k')
SELECT * FROM gcs('http://127.0.0.1:1/b/k')
SELECT * FROM hdfs('hdfs://127.0.0.1:1/x')
SELECT * FROM azureBlobStorage('x', 'y', 'z')
SELECT * FROM iceberg('x')
SELECT * FROM deltaLake('x')
SELECT * FROM remote('127.0.0.1', 'system.one')
SELECT * FROM remoteSecure('127.0.0.1', system, one)
SELECT * FROM cluster('c', system.one)
SELECT * FROM mysql('127.0.0.1', 'd', 't', 'u', 'p')
SELECT * FROM postgresql('127.0.0.1', 'd', 't', 'u', 'p')
SELECT * FROM mongodb('127.0.0.1', 'd', 't', 'u', 'p', 'x Int8')
SELECT * FROM redis('127.0.0.1', 'k', 'k String')
SELECT * FROM odbc('d', 't')
SELECT * FROM jdbc('d', 't')
SELECT * FROM python('import os')
SELECT * FROM Python(x)
SELECT * FROM view(SELECT 1)
SELECT * FROM merge('system', '.*')
SELECT * FROM merge(currentDatabase(), '.*')
SELECT * FROM numbers(10)
SELECT * FROM numbers_mt(10)
SELECT * FROM zeros(10)
SELECT * FROM generateRandom('x Int8')
SELECT * FROM null('x Int8')
SELECT * FROM loop(command)
SELECT * FROM format('CSV', '1')
SELECT * FROM VALUES('a Int8', 1)
SELECT * FROM dictionary('d')
SELECT * FROM mergeTreeIndex(currentDatabase(), command)
SELECT * FROM fuzzJSON('x')
SELECT * FROM timeSeriesData('x')
SELECT * FROM viewIfPermitted(SELECT 1 ELSE null('x Int8'))
SELECT AIGenerate('x')
SELECT aiEmbed('x')
SELECT dictGet('d', 'a', 1)
SELECT joinGet('project_other.command', 'command', 1)
SELECT evalMLMethod('m')
SELECT catboostEvaluate('m', 1)
SELECT regionToName(1)
"""

DATA_OF_OTHERS = """
SELECT * FROM project_other.command
SELECT * FROM `project_other`.`command`
SELECT * FROM "project_other"."command"
SELECT * FROM `project_other.command`
SELECT * FROM project_aider.command
SELECT * FROM default.command
SELECT * FROM system.tables
SELECT * FROM system.one
SELECT * FROM SYSTEM.query_log
SELECT * FROM information_schema.tables
SELECT * FROM INFORMATION_SCHEMA.COLUMNS
SELECT * FROM _unstarted
SELECT * FROM _sessions
SELECT * FROM one
SELECT 1 IN system.one
SELECT 1 IN (system.one)
SELECT 1 NOT IN system.one
SELECT 1 GLOBAL IN project_other.command
SELECT (1, 2) IN project_other.command
SELECT in(1, system.one)
SELECT notIn(1, project_other.command)
SELECT nullIn(1, system.one)
SELECT user_id IN project_other.command FROM command
SELECT count() FROM command WHERE user_id IN (SELECT user_id FROM project_other.command)
SELECT system.one.dummy FROM command
WITH system AS (SELECT 1) SELECT * FROM system
WITH project_other AS (SELECT 1 AS x) SELECT 1 IN project_other.command
SELECT 1 AS system, 1 IN system.one
SELECT 1 AS project_other, 1 IN project_other.command
SELECT c.x FROM command AS system, system.one AS c
SELECT * FROM command AS a, project_other.command AS b
SELECT * FROM command INNER JOIN project_other.command AS b USING (session)
SELECT * FROM command ASOF JOIN project_other.command AS b ON command.session = b.session
WITH a AS (SELECT * FROM project_other.command) SELECT * FROM a
WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x FROM a, project_other.command) SELECT * FROM a
SELECT (SELECT count() FROM project_other.command)
SELECT * FROM (SELECT * FROM (SELECT * FROM project_other.command))
SELECT count() OVER o FROM command WINDOW o AS (ORDER BY 1), x AS (ORDER BY (SELECT 1 FROM o))
SELECT 'a
      Literal 1' IN system.one
SELECT `a
   TableIdentifier command` FROM system.one
SELECT 1 AS `x (children 0)` FROM system.one
SELECT * FROM {x:Identifier}
SELECT {x:String}
SELECT * FROM command AS OF TIMESTAMP '2020-01-01', system.one
"""

STATEMENTS = """
INSERT INTO command VALUES (1)
INSERT INTO command SELECT * FROM command
CREATE TABLE x (a Int8) ENGINE = Memory
CREATE TABLE x ENGINE = File(CSV) AS SELECT 1
CREATE DATABASE x
CREATE FUNCTION f AS x -> x
CREATE USER u
CREATE VIEW v AS SELECT 1
CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(NULL()) LAYOUT(FLAT()) LIFETIME(1)
CREATE NAMED COLLECTION c AS a = 1
DROP TABLE command
DROP DATABASE project_other
TRUNCATE TABLE command
RENAME TABLE command TO x
EXCHANGE TABLES command AND sessions
ALTER TABLE command DELETE WHERE 1
ALTER TABLE command UPDATE command = 'x' WHERE 1
ALTER TABLE command ATTACH PARTITION ALL FROM project_other.command
DELETE FROM command WHERE 1
UPDATE command SET command = 'x' WHERE 1
OPTIMIZE TABLE command FINAL
ATTACH TABLE x
DETACH TABLE command
BACKUP TABLE command TO File('{out}')
RESTORE TABLE command FROM File('{out}')
GRANT ALL ON *.* TO default
REVOKE ALL ON *.* FROM default
SET readonly = 0
SET max_memory_usage = 0
USE project_other
SYSTEM SHUTDOWN
SYSTEM RELOAD CONFIG
SYSTEM FLUSH LOGS
KILL QUERY WHERE 1
SHOW TABLES
SHOW DATABASES
SHOW CREATE TABLE command
SHOW GRANTS
SHOW PROCESSLIST
SHOW SETTINGS LIKE '%'
DESCRIBE TABLE command
DESCRIBE TABLE file('{file}')
EXISTS TABLE project_other.command
EXPLAIN SELECT 1
EXPLAIN AST SELECT 1
EXPLAIN PIPELINE SELECT 1
EXPLAIN SELECT file('{file}')
CHECK TABLE command
EXECUTE AS default SELECT 1
BEGIN TRANSACTION
COMMIT
SELECT 1; SELECT 2
SELECT 1; DROP TABLE project_other.command
SELECT 1;; DROP TABLE command
; DROP TABLE command
SELECT 1) UNION ALL SELECT * FROM (SELECT * FROM system.one
SELECT 1) SETTINGS readonly = 0 --
SELECT 1 SETTINGS max_threads = 64
SELECT 1 SETTINGS readonly = 0
SELECT * FROM command SETTINGS max_execution_time = 0, max_memory_usage = 0
SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)
WITH x AS (SELECT 1 SETTINGS max_memory_usage = 0) SELECT * FROM x
SELECT 1 FORMAT JSON
SELECT 1 FORMAT Null
SELECT 1 PARALLEL WITH SELECT 2
FROM system.one
VALUES (1)
(SELECT 1) INTO OUTFILE '{out}'
WITH x AS (SELECT 1) INSERT INTO command SELECT * FROM x
"""

THE_MACHINE = """
SELECT hostName()
SELECT HOSTNAME()
SELECT fqdn()
SELECT version()
SELECT uptime()
SELECT buildId()
SELECT currentUser()
SELECT user()
SELECT currentDatabase()
SELECT DATABASE()
SELECT currentSchemas(true)
SELECT queryID()
SELECT serverUUID()
SELECT timezone()
SELECT serverTimezone()
SELECT tcpPort()
SELECT getSetting('max_threads')
SELECT getServerSetting('max_server_memory_usage')
SELECT getMacro('x')
SELECT getServerPort('tcp_port')
SELECT getClientHTTPHeader('Cookie')
SELECT currentRequestURL()
SELECT getOSKernelVersion()
SELECT filesystemAvailable()
SELECT filesystemCapacity()
SELECT hasColumnInTable('system', 'one', 'dummy')
SELECT showCertificate()
SELECT globalVariable('version')
SELECT addressToLine(1)
SELECT demangle('x')
SELECT logTrace('x')
SELECT tid()
SELECT sleep(1)
SELECT sleepEachRow(1) FROM command
SELECT throwIf(1)
SELECT aggThrow(1)(1)
SELECT fuzzBits('x', 0.5)
SELECT formatQuery('SELECT 1')
SELECT structureToProtobufSchema('x Int8')
SELECT formatRow('CSV', 1)
SELECT initializeAggregation('sum', 1)
SELECT arrayReduce('sum', [1])
SELECT runningConcurrency(now(), now())
SELECT generateUUIDv4()
SELECT rand()
SELECT blockNumber()
SELECT mergeTreePartInfo('x')
SELECT __getScalar('x')
SELECT __actionName(1, 'x')
SELECT _part FROM system.parts
SELECT * FROM command SAMPLE 0.1
SELECT @@version
SELECT 1 AS `a\\`b`
"""


def every(file: str, out: str) -> list[str]:
    """Return all of them, with the file that is read and the one that is written."""
    return [
        text.replace("{file}", file).replace("{out}", out)
        for paragraph in (FILES, ELSEWHERE, DATA_OF_OTHERS, STATEMENTS, THE_MACHINE)
        for text in _texts(paragraph)
    ]


def _texts(paragraph: str) -> list[str]:
    """Return the texts of a paragraph: a line each, but for one that goes on with spaces."""
    found: list[str] = []
    for line in paragraph.strip("\n").split("\n"):
        if line.startswith(" ") and found:
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found
