-- What does one property of an event say where another says this or that?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    -- What stands in a value's place where there is none, or one beyond the most frequent: no kind
    -- can produce these.
    '\0' AS _nothing, '\1' AS _rest,
    -- No property is called as its columns are: a name begins with a letter.
    said AS MATERIALIZED (
        SELECT
            user_id
            , ifNull(toString({{ split.column }}), _nothing) AS _split
            , ifNull(toString({{ of.column }}), _nothing) AS _word
            , count() AS _number
        FROM {{ rows(subject.table) }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id, _split, _word
    ),
    parts AS (
        SELECT _split FROM said
        GROUP BY _split
        ORDER BY sum(_number) DESC, _split
        LIMIT 12
    ),
    words AS (
        SELECT _word FROM said
        GROUP BY _word
        ORDER BY sum(_number) DESC, _word
        LIMIT 8
    ),
    told AS (
        SELECT
            user_id
            , if(_split IN parts, _split, _rest) AS part
            , if(_word IN words, _word, _rest) AS word
            , sum(_number) AS its_times
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
    , transform(spread.part, [_nothing, _rest], ['none', 'rest'], 'value') AS part_is
    , if(part_is = 'value', spread.part, NULL) AS part
    , {{ of.property }} AS property
    , transform(spread.its_value, [_nothing, _rest], ['none', 'rest'], 'value') AS value_is
    , if(value_is = 'value', spread.its_value, NULL) AS value
    , sum(its_number) AS times
    , max(all_of_times) AS part_times
    , {{ share.of_all("its_number", "of_times") }} AS share_sums
    , count() AS installs
    , max(n) AS of_installs
FROM spread
GROUP BY spread.part, spread.its_value
ORDER BY part_times DESC, spread.part, times DESC, spread.its_value
