"""Binds with smpplib, sends one long text, and prints what comes back as JSON lines.

Usage: smpplib_sends.py HOST PORT SYSTEM_ID PASSWORD
"""

import json
import sys

import smpplib.client
import smpplib.consts
import smpplib.gsm

host, port, system_id, password = sys.argv[1:]
TEXT = "Order 112-0494 is out for delivery, between 14:00 and 16:00. " * 3

parts, encoding, msg_type = smpplib.gsm.make_parts(TEXT)
receipts = []


def say(**facts):
    print(json.dumps(facts), flush=True)


def on_answer(pdu):
    say(kind="answer", status=pdu.status, id=pdu.message_id.decode())


def on_receipt(pdu):
    receipts.append(pdu)
    say(
        kind="receipt",
        id=pdu.receipted_message_id.decode() if isinstance(pdu.receipted_message_id, bytes) else pdu.receipted_message_id,
        state=pdu.message_state,
        text=pdu.short_message.decode(),
    )
    return smpplib.consts.SMPP_ESME_ROK


client = smpplib.client.Client(host, int(port), timeout=15, allow_unknown_opt_params=True)
client.set_message_sent_handler(on_answer)
client.set_message_received_handler(on_receipt)
client.connect()
client.bind_transceiver(system_id=system_id, password=password)
for part in parts:
    client.send_message(
        source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
        source_addr_npi=smpplib.consts.SMPP_NPI_UNK,
        source_addr="Marigold",
        dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
        dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
        destination_addr="15550100",
        short_message=part,
        data_coding=encoding,
        esm_class=msg_type,
        registered_delivery=True,
    )
while len(receipts) < len(parts):
    client.read_once()
client.unbind()
client.disconnect()
say(kind="done", parts=len(parts))
