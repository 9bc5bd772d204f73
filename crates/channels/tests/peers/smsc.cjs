// An SMSC on the npm package `smpp`. Prints its port, each whole text, the status of each
// answered receipt, and the unbind. A receipt follows each part that asked for one.
const smpp = require("smpp");

let nextId = 1;
const parts = new Map();

function bodyOf(pdu) {
  const header = pdu.short_message.udh && pdu.short_message.udh[0];
  const text = pdu.short_message.message;
  if (!header) return text;
  const [reference, total, part] = header.subarray ? header.subarray(2) : header.slice(2);
  const known = parts.get(reference) || [];
  known[part - 1] = text;
  parts.set(reference, known);
  return known.filter((one) => one !== undefined).length === total ? known.join("") : null;
}

const server = smpp.createServer((session) => {
  session.on("error", () => session.close());
  session.on("bind_transceiver", (pdu) => session.send(pdu.response({ system_id: "npm" })));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    console.log("unbound");
  });
  session.on("submit_sm", (pdu) => {
    const text = bodyOf(pdu);
    if (text === "refuse me") {
      session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
      return;
    }
    const id = String(nextId++);
    session.send(pdu.response({ message_id: id }));
    if (text !== null) {
      console.log(`${pdu.destination_addr} from ${pdu.source_addr}: ${text}`);
    }
    if (pdu.registered_delivery === 1) {
      const receipt =
        `id:${id} sub:001 dlvrd:001 submit date:2611220930 done date:2611220931 ` +
        "stat:DELIVRD err:000 text:";
      session.deliver_sm(
        {
          source_addr: pdu.destination_addr,
          destination_addr: pdu.source_addr,
          esm_class: 4,
          short_message: receipt,
        },
        (answer) => console.log(`receipt answered ${answer.command_status}`),
      );
    }
  });
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
