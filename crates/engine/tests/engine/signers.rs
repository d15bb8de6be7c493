//! Signed reasoning returns to its signer, in the whole engine: responses are marked when they are received, streamed
//! or not, and requests leave without marks and without other signers' proofs.

use crate::support::{
    bounded, call, drain, only,
    server::{Server, answer, stream},
    settings,
};
use ferrule_engine::{Engine, ProviderSettings, Timeouts, TransportSettings};
use ferrule_wire::model::{Accumulator, Message, Request, Role};

const JSON: &str = "content-type: application/json\r\n";
const THOUGHT: &str = r#"{"id":"m1","type":"message","role":"assistant","model":"small","content":[{"type":"thinking","thinking":"Hm.","signature":"cHJvb2Y="},{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#;
const THOUGHT_IN_PIECES: [&str; 4] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"small\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm.\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"cHJvb2Y=\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"hi\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":1}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];
const COUNTED: &str = r#"{"input_tokens":7}"#;

/// Providers of Anthropic's format, all at `server`.
fn engine(server: &Server, ids: &[&str]) -> Engine {
    let provider = |id: &&str| ProviderSettings {
        id: (*id).into(),
        dialect: "anthropic".into(),
        base_url: format!("http://{}", server.address),
        ..settings(server.address)
    };
    let providers = ids.iter().map(provider).collect();
    Engine::new(providers, Timeouts::default(), 0, TransportSettings::default()).unwrap()
}

fn call_to(provider: &str, messages: Vec<Message>) -> ferrule_engine::Call<Request> {
    let mut call = call();
    call.to = only(provider);
    call.request.max_tokens = Some(10);
    call.request.messages = messages;
    call
}

#[tokio::test]
async fn a_conversation_moves_with_its_texts_and_without_its_proofs() {
    for streamed in [false, true] {
        let first = if streamed { stream(&THOUGHT_IN_PIECES) } else { answer(200, JSON, THOUGHT) };
        let next = || answer(200, JSON, THOUGHT);
        let server = Server::start(vec![first, next(), next(), answer(200, JSON, COUNTED)]).await;
        let engine = engine(&server, &["anthropic", "minimax-anthropic"]);
        let question = Message::text(Role::User, "Is it?");
        let asked = call_to("anthropic", vec![question.clone()]);
        let said = if streamed {
            let mut opened = bounded(engine.stream(asked)).await.unwrap();
            let (events, failure) = bounded(drain(&mut opened)).await;
            assert!(failure.is_none(), "{failure:?}");
            let mut whole = Accumulator::new();
            events.iter().for_each(|event| whole.push(event));
            whole.response()
        } else {
            bounded(engine.complete(asked)).await.unwrap().response
        };
        let said = said.choices[0].message.clone();
        let conversation = || vec![question.clone(), said.clone(), Message::text(Role::User, "Why?")];
        bounded(engine.complete(call_to("anthropic", conversation()))).await.unwrap();
        bounded(engine.complete(call_to("minimax-anthropic", conversation()))).await.unwrap();
        bounded(Box::pin(engine.count_tokens(call_to("minimax-anthropic", conversation())))).await.unwrap();
        let requests = server.requests();
        let has_proof: Vec<bool> = requests.iter().map(|sent| sent.body.contains("cHJvb2Y=")).collect();
        assert_eq!(has_proof, [false, true, false, false], "streamed: {streamed}");
        assert_eq!(requests[3].line, "POST /v1/messages/count_tokens HTTP/1.1");
        assert!(
            requests[1..].iter().all(|sent| sent.body.contains("hi") && !sent.body.contains("signed_by"))
        );
    }
}
