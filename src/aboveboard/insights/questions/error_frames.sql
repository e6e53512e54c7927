-- Where did each failure come up: its frames, innermost first, and what caused it?
--% import "grouping.sql" as group
WITH
    ['crash', 'handled error', 'provider failure'] AS kinds,
    --% if filtered
    --% include "asked.sql"
    --% endif
    --% set when = "toDate(time) BETWEEN {since:Date} AND {until:Date}"
    --% include "failures.sql"
    seen AS (
        SELECT
            which
            , any(its_kind) AS kind
            , any(name) AS named
            , any(grouped) AS its_group
            , count() AS its_times
            -- As it came up last: line numbers are of that version.
            , max((time, arrayMap(frame -> CAST(frame, 'String'), frames), arrayMap(cause -> CAST(cause, 'String'), causes))) AS its_last
            -- In how many of them a place was on the way.
            , sumMap(arrayDistinct(arrayMap(frame -> {{ group.place("CAST(frame, 'String')") }}, frames)), arrayResize([toUInt64(1)], length(arrayDistinct(arrayMap(frame -> {{ group.place("CAST(frame, 'String')") }}, frames))), toUInt64(1))) AS passed
        FROM told
        INNER JOIN kinds_of USING (alike)
        WHERE ({group:String} = '' OR grouped = {group:String})
            --% if filtered
            AND session IN asked
            --% endif
        GROUP BY which
    ),
    parted AS (
        SELECT *, arrayJoin(arrayConcat(
            arrayMap((place, number) -> ('frame', number, place), arrayReverse(its_last.2), arrayEnumerate(its_last.2))
            , arrayMap((cause, number) -> ('cause', number, cause), its_last.3, arrayEnumerate(its_last.3))
        )) AS part
        FROM seen
    )
SELECT
    kinds[kind] AS kind
    , nullIf(named, '') AS name
    , part.1 AS what
    , part.2 AS number
    , part.3 AS place
    , if(part.1 = 'cause', NULL, passed.2[indexOf(passed.1, {{ group.place("part.3") }})]) AS times
    , its_times AS of_times
    , its_group AS `group`
FROM parted
ORDER BY parted.kind, its_group, what DESC, number
