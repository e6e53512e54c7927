"""Mistakes at the call, each of which a type checker must find. Checked by test_typing.py."""

from aboveboard import Event, choice, count, dollars, flag, model


class MessageSend(Event):
    """The model answered a message."""

    main_model: str | None = model("The model")
    edit_format: str = choice("diff", "whole", doc="The format")
    tokens: int = count("Tokens")
    cost: float = dollars("Cost")
    edited: bool = flag("Whether it edited", default=None)


right = MessageSend(main_model=None, edit_format="diff", tokens=1, cost=0.5)
also_right = MessageSend(main_model="m", edit_format="diff", tokens=1, cost=1, edited=True)

MessageSend(main_model="m", edit_format="diff", tokens=1, cost=0.5, prompt="x")  # error: call-arg
MessageSend(main_model="m", edit_format="diff", tokens=1)  # error: call-arg
MessageSend(main_model="m", edit_format="diff", tokens="1", cost=0.5)  # error: arg-type
MessageSend(main_model=1, edit_format="diff", tokens=1, cost=0.5)  # error: arg-type
MessageSend(main_model="m", edit_format=None, tokens=1, cost=0.5)  # error: arg-type
MessageSend("m", "diff", 1, 0.5)  # error: call-arg
