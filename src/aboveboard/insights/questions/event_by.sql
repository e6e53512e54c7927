-- What does one property of an event say where another says this or that?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    -- What stands in a value's place where there is none, or one beyond the most frequent: no kind
    -- can produce these.
    '\0' AS nothing, '\1' AS rest,
    said AS (
        SELECT
            user_id
            , ifNull(toString({{ split.column }}), nothing) AS its_part
            , ifNull(toString({{ of.column }}), nothing) AS its_word
            , count() AS number
        FROM {{ rows(subject.table) }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id, its_part, its_word
    ),
    parts AS (SELECT its_part FROM said GROUP BY its_part ORDER BY sum(number) DESC, its_part LIMIT 12),
    words AS (SELECT its_word FROM said GROUP BY its_word ORDER BY sum(number) DESC, its_word LIMIT 8),
    told AS (
        SELECT
            user_id
            , if(its_part IN parts, its_part, rest) AS part
            , if(its_word IN words, its_word, rest) AS word
            , sum(number) AS its_times
        FROM said
        GROUP BY user_id, part, word
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            user_id
            , part
            , sum(its_times) AS of_times
            , {{ share.weigh("of_times", "PARTITION BY part") }}
        FROM told
        GROUP BY user_id, part
    ),
    weighed AS (
        SELECT
            *
            , {{ share.square("of_times", "PARTITION BY part") }}
        FROM installs
    )
SELECT
    {{ subject.event }} AS event
    , {{ split.property }} AS by
    , transform(told.part, [nothing, rest], ['none', 'rest'], 'value') AS part_is
    , if(part_is = 'value', told.part, NULL) AS part
    , {{ of.property }} AS property
    , transform(told.word, [nothing, rest], ['none', 'rest'], 'value') AS value_is
    , if(value_is = 'value', told.word, NULL) AS value
    , sum(its_times) AS times
    , max(all_of_times) AS part_times
    , {{ share.of_all("its_times", "of_times") }} AS share_sums
    , count() AS installs
    , max(n) AS of_installs
FROM told
INNER JOIN weighed ON weighed.user_id = told.user_id AND weighed.part = told.part
GROUP BY told.part, told.word
ORDER BY part_times DESC, told.part, times DESC, told.word
