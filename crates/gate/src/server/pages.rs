//! Pages: what a person finds at a gate's addresses: the index, and the description of its API.
//!
//! Lives here: [`at_public`], [`at_operators`], [`described`]. Not here: their look and form (`transport`), what the gate answers
//! (`server`), the pages of kiosks and officers (`kiosk`).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use transport::description::{self, Completed, Door, Listener, complete};
use transport::index::{DOCS, HEALTH, Index, Link, OPENAPI};

use super::GateState;

/// The description (OpenAPI 3.1), with examples; a test holds its paths to the routes.
const DESCRIPTION: &str = include_str!("../../data/openapi.json");

const OPERATORS: Listener = Listener::Other { name: "operators", example: "http://127.0.0.1:7151" };

const DOORS: [Door; 3] = [
    Door { tag: "public", listener: Listener::Here },
    Door { tag: "trial", listener: Listener::Here },
    Door { tag: "operators", listener: OPERATORS },
];

/// The description with listeners, what opens each operation, and examples.
#[must_use]
pub(crate) fn described() -> Completed {
    let api: Value = serde_json::from_str(DESCRIPTION).unwrap_or_default();
    complete(&api, &DOORS, &json!({}))
}

/// `/openapi.json`.
pub(crate) async fn openapi() -> Json<Value> {
    Json(described().api)
}

/// `/docs`.
pub(crate) async fn docs(State(state): State<GateState>) -> Response {
    transport::page(description::page(&described().api, &port(&state), &[]))
}

/// The port whose gates these are.
fn port(state: &GateState) -> String {
    state.lanes.first().map_or_else(String::new, |lane| lane.place.port.as_str().to_owned())
}

fn index(state: &GateState, about: [&str; 4], links: Vec<Link>) -> Index {
    let port = port(state);
    Index {
        title: [
            format!("{port} · 湾区通：闸机"),
            format!("{port} · 灣區通：閘機"),
            format!("{port} · Bay Pass: the gates of this port"),
            format!("{port} · Bay Pass: as cancelas deste posto fronteiriço"),
        ],
        about: about.map(str::to_owned),
        links,
    }
}

/// What stands at the address for everybody.
pub(crate) async fn at_public(State(state): State<GateState>, headers: HeaderMap) -> Response {
    let about = [
        "口岸闸机的服务。旅客屏幕和关员页面各有自己的地址，由 baypass gate pair 给出一次性代码打开。",
        "口岸閘機的服務。旅客螢幕和關員頁面各有自己的地址，由 baypass gate pair 給出一次性代碼打開。",
        "The service of a port's gates. A lane's screen and the officers' pages have addresses of their own, each opened once by a \
         code of `baypass gate pair`.",
        "O serviço das cancelas de um posto fronteiriço. O ecrã de cada passagem e as páginas dos agentes têm endereços próprios, \
         abertos por um código de `baypass gate pair`.",
    ];
    index(&state, about, vec![HEALTH, DOCS, OPENAPI]).answer(&headers)
}

/// What stands at the operators' address.
pub(crate) async fn at_operators(State(state): State<GateState>, headers: HeaderMap) -> Response {
    let about = [
        "运行人员在这里查看通道、计数和状态。",
        "營運人員在這裡查看通道、計數和狀態。",
        "For the operators of these gates: the lanes, what they count, and how they are.",
        "Para os operadores destas cancelas: as passagens, o que contam e como estão.",
    ];
    let lanes = Link { to: "/lanes", words: ["通道", "通道", "The lanes", "As passagens"] };
    let details = Link {
        to: "/health/details",
        words: ["详细状态", "詳細狀態", "How the gate is, in detail", "Como está, em pormenor"],
    };
    let metrics = Link {
        to: "/metrics",
        words: [
            "计数（Prometheus）",
            "計數（Prometheus）",
            "Counters (Prometheus)",
            "Contadores (Prometheus)",
        ],
    };
    index(&state, about, vec![lanes, details, metrics, DOCS, OPENAPI]).answer(&headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_whole() {
        let Completed { api, without_example } = described();
        assert_eq!(without_example, Vec::<String>::new());
        assert!(api["paths"].as_object().unwrap().len() >= 7);
    }
}
