"""Wires what files are treated with."""

from collections.abc import Callable

from application.media.delete_media import DeleteMedia
from application.media.message_media import MessageMedia
from application.media.prepare_media import PrepareMedia
from application.media.read_media import GetMedia, ListMedia, ReadMedia
from application.media.receive_media import ReceiveMedia
from application.media.retention import MediaRetention
from application.media.shelf import MediaShelf
from application.media.upload_media import UploadMedia
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory
from application.workers.media_downloads import MediaDownloads
from application.workers.supervisor import SessionSupervisor
from domain.ids import MessageId
from entrypoints.media_parts import MediaParts
from entrypoints.media_use_cases import MediaUseCases


class MediaAssembly:
    """The use cases of files, and what sends and keeps them, over one set of parts."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        parts: MediaParts,
        workers: SessionSupervisor,
        on_download_failed: Callable[[MessageId, str], None] = lambda *_: None,
    ) -> None:
        receive = ReceiveMedia(parts.spool, parts.settings)
        shelf = MediaShelf(uow, parts.store, clock, ids, parts.settings)
        of_message = MessageMedia(uow, clock, ids, receive, shelf, parts.store, workers)
        self.downloads = MediaDownloads(of_message, parts.settings, clock, on_download_failed)
        workers.on_added = self.downloads.put
        self.retention = MediaRetention(uow, parts.store, clock)
        self.prepare = PrepareMedia(uow, clock, receive, shelf, parts.store, parts.spool, parts.workshop, parts.fetcher)
        self.use_cases = MediaUseCases(
            receive=receive,
            upload=UploadMedia(shelf, parts.workshop),
            get=GetMedia(uow),
            list=ListMedia(uow),
            read=ReadMedia(parts.store),
            delete=DeleteMedia(uow, clock),
            of_message=of_message,
        )
