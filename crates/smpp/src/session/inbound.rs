//! Requests of the peer, each with the right to answer it once.
//!
//! Answering is the caller's act, after its store has committed. A request that is
//! dropped without an answer stays unanswered, and the peer sends it again later;
//! nothing here acknowledges on its own.

use tokio::sync::mpsc;

use crate::pdu::{
    Body, CommandId, CommandStatus, DeliverSm, DeliverSmResp, Pdu, Raw, SubmitSm, SubmitSmResp,
};

/// A request of the peer that waits for its answer.
#[derive(Debug)]
pub struct Inbound<P> {
    pdu: P,
    responder: Responder,
}

/// A deliver_sm received by a client: a customer's message or a receipt.
pub type InboundDeliver = Inbound<DeliverSm>;
/// A submit_sm received by a server.
pub type InboundSubmit = Inbound<SubmitSm>;
/// A command received by a server that this crate does not read.
pub type InboundOther = Inbound<Raw>;

impl<P> Inbound<P> {
    pub(super) fn new(pdu: P, responder: Responder) -> Self {
        Self { pdu, responder }
    }

    /// The request.
    #[must_use]
    pub fn pdu(&self) -> &P {
        &self.pdu
    }

    /// Its sequence number.
    #[must_use]
    pub fn sequence(&self) -> u32 {
        self.responder.sequence
    }

    /// The request and the right to answer it, apart.
    #[must_use]
    pub fn into_parts(self) -> (P, Responder) {
        (self.pdu, self.responder)
    }

    /// Leaves the request unanswered.
    pub fn ignore(self) {}

    /// Answers with exactly these octets, however wrong they are.
    pub fn reply_raw(self, octets: Vec<u8>) {
        self.responder.reply_raw(octets);
    }

    /// Answers with generic_nack, SMPP 3.4 §4.3.1.
    pub fn nack(self, status: CommandStatus) {
        self.responder.nack(status);
    }
}

impl Inbound<DeliverSm> {
    /// Answers with deliver_sm_resp: [`CommandStatus::ROK`] once the message is safe,
    /// [`CommandStatus::RX_T_APPN`] to get it again later.
    pub fn respond(self, status: CommandStatus) {
        self.responder
            .respond(status, Body::DeliverSmResp(DeliverSmResp::default()));
    }
}

impl Inbound<SubmitSm> {
    /// Answers with success and the id of the message.
    pub fn accept(self, message_id: &str) {
        self.responder.accept(message_id);
    }

    /// Answers with a status and no body, as SMPP 3.4 §4.4.2 wants refusals.
    pub fn reject(self, status: CommandStatus) {
        self.responder.reject(status);
    }

    /// Answers with a status and an empty message_id, as some SMSCs do.
    pub fn reject_with_body(self, status: CommandStatus) {
        self.responder.reject_with_body(status);
    }
}

impl Inbound<Raw> {
    /// Answers with the response to this command and these octets as its body.
    pub fn respond(self, status: CommandStatus, octets: Vec<u8>) {
        let command_id = self.pdu.command_id.response();
        self.responder
            .respond(status, Body::Other(Raw { command_id, octets }));
    }
}

/// What the connection is to do about an inbound request.
pub(super) enum Reply {
    Octets(Vec<u8>),
    None,
}

/// The right to answer one inbound request. Dropping it leaves the request unanswered.
#[derive(Debug)]
pub struct Responder {
    command_id: CommandId,
    sequence: u32,
    replies: Option<mpsc::Sender<Reply>>,
}

impl Responder {
    pub(super) fn new(command_id: CommandId, sequence: u32, replies: mpsc::Sender<Reply>) -> Self {
        Self {
            command_id,
            sequence,
            replies: Some(replies),
        }
    }

    /// The sequence number of the request.
    #[must_use]
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// The command of the request.
    #[must_use]
    pub fn command_id(&self) -> CommandId {
        self.command_id
    }

    /// Answers with this body; status and sequence number go into its header.
    pub fn respond(self, status: CommandStatus, body: Body) {
        let mut octets = Vec::new();
        let pdu = Pdu::response(status, self.sequence, body);
        if pdu.encode(&mut octets).is_ok() {
            self.reply_raw(octets);
        } else {
            self.nack(CommandStatus::RSYSERR);
        }
    }

    /// Answers a submit_sm with success and the id of the message.
    pub fn accept(self, message_id: &str) {
        let resp = SubmitSmResp {
            message_id: message_id.into(),
            ..SubmitSmResp::default()
        };
        self.respond(CommandStatus::ROK, Body::SubmitSmResp(resp));
    }

    /// Answers with the response to this command, a status and no body.
    pub fn reject(self, status: CommandStatus) {
        let command_id = self.command_id.response();
        self.respond(
            status,
            Body::Other(Raw {
                command_id,
                octets: Vec::new(),
            }),
        );
    }

    /// Answers with the response to this command, a status and an empty string.
    pub fn reject_with_body(self, status: CommandStatus) {
        let command_id = self.command_id.response();
        self.respond(
            status,
            Body::Other(Raw {
                command_id,
                octets: vec![0],
            }),
        );
    }

    /// Answers with generic_nack, SMPP 3.4 §4.3.1.
    pub fn nack(self, status: CommandStatus) {
        self.respond(status, Body::GenericNack);
    }

    /// Answers with exactly these octets, however wrong they are.
    pub fn reply_raw(mut self, octets: Vec<u8>) {
        self.send(Reply::Octets(octets));
    }

    fn send(&mut self, reply: Reply) {
        if let Some(replies) = self.replies.take() {
            // Every unanswered request has a place in this queue, so it is never
            // full; when it is closed the session has ended and no answer can go out.
            let _ = replies.try_send(reply);
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.send(Reply::None);
    }
}
