"""What paths of chats, people and calls name."""

from typing import Annotated

from fastapi import Path

ChatId = Annotated[
    str, Path(description="A chat's address, in either form, or a phone number.", examples=["15550100200@c.us"])
]
ContactId = Annotated[
    str, Path(description="A person's address in either form, or a phone number.", examples=["15550100200@c.us"])
]
PersonId = Annotated[
    str,
    Path(
        description="A person's address in either form, a phone number, or a username with its @.",
        examples=["9000000001@lid"],
    ),
]
CallId = Annotated[str, Path(description="A call's id, as its event has it.", examples=["3F0A9C"])]
