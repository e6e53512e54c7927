-- What does one property of an event say where another says this or that?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    -- What stands in a value's place where there is none, or one beyond the most frequent: no kind
    -- can produce these.
    '\0' AS nothing, '\1' AS rest,
    said AS MATERIALIZED (
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
    parts AS (
        SELECT its_part FROM said
        GROUP BY its_part
        ORDER BY sum(number) DESC, its_part
        LIMIT 12
    ),
    words AS (
        SELECT its_word FROM said
        GROUP BY its_word
        ORDER BY sum(number) DESC, its_word
        LIMIT 8
    ),
    told AS (
        SELECT
            user_id
            , if(its_part IN parts, its_part, rest) AS part
            , if(its_word IN words, its_word, rest) AS word
            , sum(number) AS its_times
        FROM said
        GROUP BY user_id, part, word
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals"). Its
    -- words are beside them meanwhile: nothing is read again.
    installs AS (
        SELECT
            user_id
            , part
            , groupArray((word, its_times)) AS its_words
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
    ),
    -- With other names than above, where one of an outer question would be taken for an inner one.
    spread AS (
        SELECT *, each.1 AS its_value, each.2 AS its_number
        FROM weighed
        ARRAY JOIN its_words AS each
    )
SELECT
    {{ subject.event }} AS event
    , {{ split.property }} AS by
    , transform(spread.part, [nothing, rest], ['none', 'rest'], 'value') AS part_is
    , if(part_is = 'value', spread.part, NULL) AS part
    , {{ of.property }} AS property
    , transform(spread.its_value, [nothing, rest], ['none', 'rest'], 'value') AS value_is
    , if(value_is = 'value', spread.its_value, NULL) AS value
    , sum(its_number) AS times
    , max(all_of_times) AS part_times
    , {{ share.of_all("its_number", "of_times") }} AS share_sums
    , count() AS installs
    , max(n) AS of_installs
FROM spread
GROUP BY spread.part, spread.its_value
ORDER BY part_times DESC, spread.part, times DESC, spread.its_value
