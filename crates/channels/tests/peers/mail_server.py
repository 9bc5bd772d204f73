"""A mail server on aiosmtpd that checks DKIM with dkimpy.

Arguments: pairs of a DNS name and its TXT record. Prints its port, then a line for each
mail: envelope sender, recipient, whether each signature holds, how many parts; and whether
each still holds when headers that lead to unsubscribing are added, doubled and removed.
"""

import asyncio
import email
import sys

import dkim
from aiosmtpd.smtp import SMTP

RECORDS = dict(zip(sys.argv[1::2], sys.argv[2::2]))


def look_up(name, timeout=5):
    return RECORDS.get(name.decode() if isinstance(name, bytes) else name, "").encode()


def verify(content):
    signatures = len(email.message_from_bytes(content).get_all("DKIM-Signature", []))
    return [holds(content, i) for i in range(signatures)]


def holds(content, index):
    try:
        return dkim.DKIM(content).verify(idx=index, dnsfunc=look_up)
    except dkim.DKIMException:
        return False


class Checker:
    async def handle_DATA(self, server, session, envelope):
        content = envelope.content
        message = email.message_from_bytes(content)
        held = verify(content)
        parts = len(message.get_payload())
        added = verify(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" + content)
        doubled = verify(b"List-Unsubscribe: <https://evil.example/>\r\n" + content)
        removed = verify(content.replace(b"\r\nList-Unsubscribe:", b"\r\nX-Was:"))
        words = [*held, parts, "parts", "added", *added, "doubled", *doubled, "removed", *removed]
        print(envelope.mail_from, *envelope.rcpt_tos, *words, flush=True)
        return "250 2.0.0 OK"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Checker(), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
