"""A running server, its control API and devices on it."""

from typing import Any

import aiohttp

from sandbox.app import SandboxServer

from .device import Device


class World:
    def __init__(self, http: aiohttp.ClientSession, server: SandboxServer) -> None:
        self.http = http
        self.server = server
        self.made: list[Device] = []

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        async with self.http.request(method, self.server.control_url + path, json=body, **options) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: Any, status: int = 201) -> Any:
        answered, value = await self.call("POST", path, body)
        assert answered == status, value
        return value

    async def get(self, path: str) -> Any:
        status, value = await self.call("GET", path)
        assert status == 200, value
        return value

    async def patch(self, phone: str, **changes: Any) -> Any:
        status, value = await self.call("PATCH", f"/accounts/{phone}", changes)
        assert status == 200, value
        return value

    async def account(self, phone: str, name: str) -> Any:
        return await self.post("/accounts", {"phone": phone, "name": name})

    def device(self) -> Device:
        device = Device(self.http, self.server.page_url)
        self.made.append(device)
        return device

    async def linked(self, phone: str) -> Device:
        device = self.device()
        await device.register()
        await self.post(f"/accounts/{phone}/scan", {"qr": device.qr})
        await device.restart_after_pairing()
        return device

    async def log(self, phone: str, chat: str) -> list[dict[str, Any]]:
        answer = await self.get(f"/accounts/{phone}/messages?chat={chat}")
        messages: list[dict[str, Any]] = answer["messages"]
        return messages

    async def close(self) -> None:
        for device in self.made:
            await device.close()
