-- What do one event's properties say: which values how often, and numbers of what size?
--% import "shares.sql" as share
WITH
    --% include "asked.sql"
    -- What stands in a value's place where there is none: no value, one beyond the most frequent,
    -- a number. No kind can produce these; see events.sql for the hashes.
    '\0' AS _nothing, '\1' AS _rest, '\2' AS _some_number,
    -- No property is called as these columns are: its name begins with a letter.
    -- What is said together is counted first: so a group is many rows, and its counts can be those
    -- that are kept beside them.
    said AS (
        SELECT
            user_id
            --% for word in words
            , CAST(ifNull(toString({{ word.column }}), _nothing), 'String') AS _word_{{ loop.index }}
            --% endfor
            , count() AS _times
            --% for number in numbers
            , count({{ number.column }}) AS _numbers_{{ loop.index }}
            --% endfor
        FROM {{ rows(subject.table) }}
        WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY user_id{% for word in words %}, _word_{{ loop.index }}{% endfor %}

    ),
    -- An install after the other: how often each of its words is there, each of its numbers, and
    -- nothing; and how often the event happened, in a place of its own.
    read AS MATERIALIZED (
        SELECT
            cityHash64(user_id) AS install
            , part.1 AS place
            , part.2 AS word
            , sum(part.3) AS its_number
        FROM said
        ARRAY JOIN [
            (toUInt16(65535), _nothing, _times)
            --% for word in words
            , ({{ word.place }}, _word_{{ loop.index }}, _times)
            --% endfor
            --% for number in numbers
            , ({{ number.place }}, _nothing, toUInt64(_times - _numbers_{{ loop.index }}))
            , ({{ number.place }}, _some_number, _numbers_{{ loop.index }})
            --% endfor
        ] AS part
        WHERE part.3 > 0
        GROUP BY user_id, place, word
    ),
    parted AS (
        SELECT
            install
            , place
            , word
            , its_number AS times
            , word IN (_nothing, _some_number) AS is_special
            , sum(its_number) OVER (PARTITION BY place, word) AS its_all
        FROM read
        WHERE place != 65535
    ),
    ranked AS (
        SELECT *, dense_rank() OVER (PARTITION BY place ORDER BY is_special, its_all DESC, word) AS its_rank
        FROM parted
    ),
    told AS (
        SELECT place, if(is_special OR its_rank <= 12, word, _rest) AS value, install, sum(times) AS its_times
        FROM ranked
        GROUP BY place, value, install
    ),
    sizes AS (
        SELECT 0 AS place, 0. AS sum, [0., 0.] AS quantiles WHERE false
        --% if numbers
        UNION ALL
        SELECT part.1, part.2, part.3
        FROM (
            SELECT
                [{% for number in numbers %}(
                    {{ number.place }}
                    --% if number in counts
                    , toFloat64(sumIf(toInt128(least(assumeNotNull({{ number.column }}), 10000000000000000)), isNotNull({{ number.column }})))
                    --% else
                    -- Millionths as whole numbers: their sum neither wraps nor depends on its order.
                    , toFloat64(sumIf(toInt128(round(least(toFloat64(assumeNotNull({{ number.column }})), 1e16) * 1e6)), isNotNull({{ number.column }}))) / 1e6
                    --% endif
                    -- Eleven binary digits: whole numbers up to 2048 as they are, others at most
                    -- 0.1 % short, and so few different ones that each can be counted.
                    , quantilesExactWeightedIf(0.5, 0.9)(
                        reinterpretAsFloat64(bitAnd(
                            reinterpretAsUInt64(toFloat64(assumeNotNull({{ number.column }})))
                            , 0xFFFFFC0000000000
                        ))
                        , 1
                        , isNotNull({{ number.column }})
                    )
                    , countIf(isNotNull({{ number.column }}))
                ){% if not loop.last %}, {% endif %}{% endfor %}] AS parts
            FROM {{ rows(subject.table) }}
            WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
                --% if filtered
                AND session IN asked
                --% endif
        )
        ARRAY JOIN parts AS part
        WHERE part.4 > 0
        --% endif
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
            install
            , its_number AS of_times
            , {{ share.weigh("of_times") }}
        FROM read
        WHERE place = 65535
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
                value, [_nothing, _rest, _some_number], ['none', 'rest', 'number'], 'value'
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
