"""The use cases of files, as the transports get them."""

from dataclasses import dataclass

from application.media.delete_media import DeleteMedia
from application.media.message_media import MessageMedia
from application.media.read_media import GetMedia, ListMedia, ReadMedia
from application.media.receive_media import ReceiveMedia
from application.media.upload_media import UploadMedia


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaUseCases:
    """Everything that a transport may do with files, but send them."""

    receive: ReceiveMedia
    upload: UploadMedia
    get: GetMedia
    list: ListMedia
    read: ReadMedia
    delete: DeleteMedia
    of_message: MessageMedia
