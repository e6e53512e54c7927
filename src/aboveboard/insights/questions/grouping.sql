{#
Which failures are one: the group of an exception, from its type, its frames and its causes, as the
client has reduced them (catalog/exceptions.py). docs/insights.md tells the rule in words. A version
is never changed: rows keep what a later one needs, so that `v2` stands beside `v1`, and what was
said of a `v1` group (a note, a resolution) stays with the rows that it was said of.
#}

{# A frame without its line, which moves: `module:function`. #}
{%- macro place(frame) -%}
substring({{ frame }}, 1, length({{ frame }}) - position(reverse({{ frame }}), ':'))
{%- endmacro %}

{# A comprehension is a part of its function, and a frame of its own until Python 3.11 only. #}
{%- macro is_part(place) -%}
match({{ place }}, ':<(listcomp|dictcomp|setcomp|genexpr)>$')
{%- endmacro %}

{# What a refactoring puts round a function and takes away again: nothing that a failure is of,
   unless the failure is its own, which its being innermost tells. #}
{%- macro is_wrapper(place) -%}
match({{ place }}, ':(_?(wrapper|wrapped|inner|decorator|decorated)|<lambda>|<module>)$')
{%- endmacro %}

{# The place of each frame, outermost first. #}
{%- macro all_places(frames) -%}
arrayMap(frame -> {{ place("frame") }}, arrayMap(each -> CAST(each, 'String'), {{ frames }}))
{%- endmacro %}

{# Places, innermost first, each once: recursion repeats, and makes no other failure. #}
{%- macro places(all_places) -%}
arrayDistinct(arrayReverse(arrayFilter(place -> NOT {{ is_part("place") }}, {{ all_places }})))
{%- endmacro %}

{# The places round the innermost one, which is the first of `places`, that are no wrappers. #}
{%- macro around(places) -%}
arrayFilter(place -> NOT {{ is_wrapper("place") }}, arraySlice({{ places }}, 2))
{%- endmacro %}

{%- macro module(place) -%}
substringIndex({{ place }}, ':', 1)
{%- endmacro %}

{# `v1`: type; the innermost place; what called it; if both are of one module, the place of another
   from which that module was entered; each cause's type and place. For a checking function may be
   called by many, and fail for each of their bugs; what lies further out is refactored more often
   than it tells bugs apart. A RecursionError comes up wherever the stack is full: it is told by the
   places that repeat. `places` are those of `all_places`, `around` those of `places`. #}
{%- macro v1(type, all_places, places, around, causes) -%}
concat('v1:', lower(hex(substring(SHA256(arrayStringConcat(arrayConcat(
                [{{ type }}]
                , if(
                    {{ type }} = 'RecursionError'
                    , arraySort(arrayFilter(
                        place -> NOT {{ is_wrapper("place") }} AND countEqual({{ all_places }}, place) > 1
                        , {{ places }}
                    ))
                    , arrayConcat(
                        arraySlice({{ places }}, 1, 1)
                        , arraySlice({{ around }}, 1, 1)
                        , arraySlice(
                            arrayFilter(
                                place -> {{ module("place") }} != {{ module(places ~ "[1]") }}
                                    AND {{ module(around ~ "[1]") }} = {{ module(places ~ "[1]") }}
                                , {{ around }}
                            )
                            , 1, 1
                        )
                    )
                )
                , ['']
                , arraySort(arrayDistinct(arrayMap(
                    cause -> if(position(cause, ' ') = 0, cause, {{ place("cause") }})
                    , arrayMap(each -> CAST(each, 'String'), {{ causes }})
                )))
            ), '\n')), 1, 8))))
{%- endmacro %}
