-- What do one event's properties say: which values how often, and numbers of what size?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    -- What stands in a value's place where there is none: no value, one beyond the most frequent,
    -- a number. No kind can produce these; see events.sql for the hashes.
    '\0' AS nothing, '\1' AS rest, '\2' AS some_number,
    told AS (
        SELECT 0 AS place, '' AS value, toUInt64(0) AS install, toUInt64(0) AS its_times
        WHERE false
        --% for word in words
        UNION ALL
        (
            WITH (
                SELECT groupArray(word) FROM (
                    SELECT toString(assumeNotNull({{ word.column }})) AS word
                    FROM {{ rows(subject.table) }}
                    WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
                        AND isNotNull({{ word.column }})
                        --% if filtered
                        AND session IN asked
                        --% endif
                    GROUP BY word
                    ORDER BY count() DESC, word
                    LIMIT 12
                )
            ) AS frequent
            SELECT
                {{ word.place }}
                , multiIf(number = 0, rest, number = 255, nothing, frequent[number])
                , cityHash64(user_id) AS install
                , count()
            FROM {{ rows(subject.table) }}
            WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
                --% if filtered
                AND session IN asked
                --% endif
            GROUP BY
                install
                -- A word's number is grouped in two thirds of the time that the word takes.
                , if(isNull({{ word.column }}), 255, toUInt8(transform(
                    toString(assumeNotNull({{ word.column }}))
                    , arrayPushBack(frequent, rest)
                    , range(1, length(frequent) + 2)
                    , 0
                ))) AS number
        )
        --% endfor
        --% for number in numbers
        UNION ALL
        SELECT
            {{ number.place }}
            , if(isNull({{ number.column }}), nothing, some_number) AS value
            , cityHash64(user_id) AS install
            , count()
        FROM {{ rows(subject.table) }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY install, value
        --% endfor
    ),
    sizes AS (
        SELECT 0 AS place, 0. AS sum, [0., 0.] AS quantiles WHERE false
        --% for number in numbers
        UNION ALL
        SELECT
            {{ number.place }}
            -- Millionths as whole numbers: their sum neither wraps nor depends on its order.
            , toFloat64(sum(toInt128(round(least(toFloat64({{ number.column }}), 1e16) * 1e6)))) / 1e6
            -- Eleven binary digits: whole numbers up to 2048 as they are, others at most 0.1 %
            -- short, and so few different ones that each can be counted.
            , quantilesExactWeighted(0.5, 0.9)(
                reinterpretAsFloat64(bitAnd(
                    reinterpretAsUInt64(toFloat64(assumeNotNull({{ number.column }})))
                    , 0xFFFFFC0000000000
                ))
                , 1
            )
        FROM {{ rows(subject.table) }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            AND isNotNull({{ number.column }})
            --% if filtered
            AND session IN asked
            --% endif
        HAVING count() > 0
        --% endfor
    ),
    properties AS (
        SELECT 0 AS place, '' AS property, '' AS kind, '' AS unit WHERE false
        --% for property in properties
        UNION ALL SELECT {{ property.place }}, {{ property.property }}, {{ property.kind }}, {{ property.unit }}
        --% endfor
    ),
    -- An install is drawn as a whole, so its sums stay together (docs/insights.md, "Intervals").
    installs AS (
        SELECT
            cityHash64(user_id) AS install
            , count() AS of_times
            , {{ share.weigh("of_times") }}
        FROM {{ rows(subject.table) }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY install
    ),
    weighed AS (
        SELECT
            *
            , {{ share.square("of_times") }}
        FROM installs
    ),
    counted AS (
        SELECT
            place
            , transform(
                value, [nothing, rest, some_number], ['none', 'rest', 'number'], 'value'
            ) AS what
            , if(what = 'value', value, NULL) AS word
            , sum(its_times) AS times
            , {{ share.of_all("its_times", "of_times") }} AS share_sums
            , count() AS installs
            , any(n) AS of_installs
        FROM told
        INNER JOIN weighed USING (install)
        GROUP BY place, value
    )
SELECT
    {{ subject.event }} AS event
    , property
    , kind
    , unit
    , what
    , word AS value
    , times
    , share_sums
    , installs
    , of_installs
    , if(what = 'number', sizes.sum, NULL) AS sum
    , if(what = 'number', sizes.quantiles[1], NULL) AS median
    , if(what = 'number', sizes.quantiles[2], NULL) AS p90
FROM counted
INNER JOIN properties USING (place)
LEFT JOIN sizes USING (place)
ORDER BY place, indexOf(['number', 'value', 'rest', 'none'], what), times DESC, value
