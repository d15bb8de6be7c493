//! Names of models in URLs: none leads to another path.

use crate::support::{
    bounded,
    server::{Server, answer},
};
use ferrule_engine::{
    Call, CallOptions, Candidate, Engine, ProviderSettings, Recipient, Timeouts, TransportSettings,
};
use ferrule_wire::{
    model::{Message, Part, Request, Role},
    operation::{EmbeddingRequest, SpeechRequest},
    providers,
};

const HOSTILE: [&str; 14] = [
    "../../admin",
    "..",
    ".",
    "a/../../b",
    "%2e%2e/%2e%2e/admin",
    "..%2f..%2fadmin",
    "a?x=1",
    "a#b",
    "a b",
    "a\\..\\b",
    "deployments/../../admin",
    "deployment/../../admin",
    "publishers/../../admin",
    "tunedModels/../../x",
];

/// Every provider's chat, streamed or not, embeddings and speech with every hostile name: it is refused, or the
/// requested path has all the segments of a plain name's path, except those of the name itself.
#[tokio::test]
async fn no_name_escapes_its_place_in_the_path_with_any_provider() {
    for row in providers::all() {
        // A server for each, as it records all requests.
        let server = Server::start(vec![answer(400, "", "no")]).await;
        let address = providers::fill(row.base_url, |_| Some("x".into())).unwrap();
        let Some((_, path)) = address.split_once("://") else { continue };
        let path = path.split_once('/').map_or("", |(_, path)| path);
        let base = format!("http://{}/{path}", server.address);
        let mut settings = ProviderSettings::new("p", row.dialect, base.trim_end_matches('/'));
        settings.quirks = row.quirks.clone();
        settings.authentication = ferrule_engine::Authentication::None;
        if ferrule_wire::dialect::registry::find(row.dialect)
            .is_none_or(|dialect| dialect.program().is_some())
        {
            continue;
        }
        let engine =
            Engine::new(vec![settings], Timeouts::default(), 0, TransportSettings::default()).unwrap();
        // The folder that contains names, for each kind of call.
        let folders = Box::pin(asked(&server, &engine, "name")).await;
        for name in HOSTILE {
            for (folder, line) in folders.iter().zip(Box::pin(asked(&server, &engine, name)).await) {
                let (Some(folder), Some(line)) = (folder, &line) else { continue };
                let (path, _) = line.split_once('?').unwrap_or((line, ""));
                let (plain, _) = folder.split_once('?').unwrap_or((folder, ""));
                if let Some((before, after)) = plain.split_once("name") {
                    assert!(
                        path.starts_with(before)
                            || path.starts_with(before.split("/models/").next().unwrap()),
                        "{} {name}: {path} not in {before}",
                        row.id
                    );
                    assert!(path.ends_with(after), "{} {name}: {path} does not end in {after}", row.id);
                }
                for segment in path.split('/') {
                    let plain = segment.replace("%2E", ".").replace("%2e", ".");
                    assert!(!matches!(plain.as_str(), "." | ".."), "{} {name}: {path}", row.id);
                }
            }
        }
    }
}

/// The path that each kind of call requests; `None` if it is refused.
async fn asked(server: &Server, engine: &Engine, model: &str) -> Vec<Option<String>> {
    let to = || Recipient::Route(Candidate::new("p", model).into());
    let mut paths = Vec::new();
    let options = || CallOptions { drop_params: true, ..CallOptions::default() };
    for kind in ["chat", "stream", "embed", "speech"] {
        let before = server.requests().len();
        match kind {
            "embed" => {
                let request = EmbeddingRequest { inputs: vec!["hi".into()], ..EmbeddingRequest::default() };
                drop(bounded(engine.embed(Call { to: to(), request, options: options() }, None)).await);
            }
            "speech" => {
                let request =
                    SpeechRequest { text: "hi".into(), voice: "v".into(), ..SpeechRequest::default() };
                drop(bounded(engine.speech(Call { to: to(), request, options: options() })).await);
            }
            _ => {
                let request = Request {
                    messages: vec![Message::new(Role::User, vec![Part::text("hi")])],
                    max_tokens: Some(9),
                    ..Request::default()
                };
                let call = Call { to: to(), request, options: options() };
                if kind == "chat" {
                    drop(bounded(engine.complete(call)).await);
                } else {
                    drop(bounded(engine.stream(call)).await);
                }
            }
        }
        let requests = server.requests();
        paths.push(requests.get(before).map(|request| request.line.split(' ').nth(1).unwrap().to_owned()));
    }
    paths
}
