//! SMPP 3.4 by itself: codec, GSM 03.38, delivery receipts, and sessions for both sides.
//!
//! Real carriers send PDUs that the specification forbids. The codec here reads
//! them best effort, and one bad PDU never ends a session; only a command_length
//! that makes no sense does. The crate knows nothing of messages, deliveries or
//! retries: reconnecting, rate limits and what to do with a status belong to
//! `channels` (client) and `sandbox` (server).
//!
//! | module | for |
//! |---|---|
//! | [`pdu`] | PDUs as values and as octets |
//! | [`gsm`] | segments, alphabets, concatenation headers, text by data_coding |
//! | [`receipt`] | delivery receipts from TLVs and from text |
//! | [`session`] | [`Client`], [`Server`], their handles and events |
//!
//! # Client
//!
//! [`ClientHandle`] is cheap to clone. A submit waits for its answer; call it from
//! as many tasks as you like, the window and the two lanes put them in order.
//! When the last handle is dropped the session unbinds and closes.
//!
//! ```no_run
//! use smpp::gsm::{National, segment};
//! use smpp::pdu::{Address, CommandStatus, SubmitSm};
//! use smpp::{Client, ClientConfig, ClientEvent, Lane, SubmitError};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ClientConfig::new("smsc.example:2775", "system", "password");
//! let (handle, mut events) = Client::connect(config).await?;
//!
//! tokio::spawn(async move {
//!     while let Some(event) = events.recv().await {
//!         match event {
//!             ClientEvent::Deliver(inbound) => {
//!                 // Commit inbound.pdu() first, then answer; never the other way round.
//!                 inbound.respond(CommandStatus::ROK); // or RX_T_APPN: please retry
//!             }
//!             ClientEvent::Malformed(_) => { /* was answered; count it */ }
//!             ClientEvent::Closed(_reason) => { /* the last event; reconnect */ }
//!         }
//!     }
//! });
//!
//! let segments = segment("Your parcel arrived", false, National::NONE);
//! for part in segments.parts_with_udh(7) {
//!     let message = SubmitSm {
//!         source: Address::alphanumeric("Marigold"),
//!         destination: Address::international("+15550100"),
//!         esm_class: part.esm_class,
//!         data_coding: part.data_coding,
//!         short_message: part.octets,
//!         ..SubmitSm::default()
//!     };
//!     match handle.submit(message, Lane::Bulk).await {
//!         Ok(answer) if answer.status.is_ok() => { /* answer.message_id */ }
//!         Ok(_refused) => { /* answer.status says why */ }
//!         Err(SubmitError::NotSent(_)) => { /* never left: safe to send again */ }
//!         Err(SubmitError::Unknown(_)) => { /* it may have arrived: wait for a receipt */ }
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! # Server
//!
//! ```no_run
//! use smpp::pdu::{CommandStatus, DeliverSm};
//! use smpp::{BindAnswer, Server, ServerEvent, SessionConfig};
//!
//! # async fn example(stream: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
//! let (handle, mut events) = Server::accept(stream, SessionConfig::default(), async |bind| {
//!     if bind.password.as_bytes() == b"password" {
//!         BindAnswer::accept("smsc")
//!     } else {
//!         BindAnswer::refuse(CommandStatus::RINVPASWD)
//!     }
//! })
//! .await?;
//!
//! while let Some(event) = events.recv().await {
//!     match event {
//!         ServerEvent::Submit(inbound) => {
//!             inbound.accept("id-1");
//!             // or .reject(status), .reject_header_only(status), .reply_raw(octets),
//!             // .ignore(); keep it in a list to delay or reorder.
//!             let _answer = handle.deliver(DeliverSm::default()).await;
//!         }
//!         ServerEvent::Other(inbound) => inbound.nack(CommandStatus::RINVCMDID),
//!         ServerEvent::Malformed(_) => {}
//!         ServerEvent::Closed(_reason) => {}
//!     }
//! }
//! # Ok(()) }
//! ```

pub mod gsm;
pub mod pdu;
pub mod receipt;
pub mod session;

pub use session::{
    AcceptError, BindAnswer, BoundAs, Client, ClientConfig, ClientEvent, ClientEvents,
    ClientHandle, ClientTls, CloseReason, ConnectError, Inbound, InboundDeliver, InboundOther,
    InboundSubmit, Lane, NotSent, Server, ServerEvent, ServerEvents, ServerHandle, SessionConfig,
    SubmitError, SubmitResponse, UnknownOutcome,
};
