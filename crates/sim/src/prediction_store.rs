//! Prediction store: requests whose answers are fetched later, by id.

use bytes::Bytes;
use ferrule_wire::model::Request;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Predictions that are remembered; beyond that number all are forgotten.
const MAX_PREDICTIONS: usize = 10_000;

/// Predictions that were created, by id: their requests, decoded and as they came.
#[derive(Debug, Default)]
pub(crate) struct PredictionStore(Mutex<HashMap<String, (Request, Bytes)>>);

impl PredictionStore {
    pub(crate) fn insert(&self, id: &str, request: &Request, body: &Bytes) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_PREDICTIONS {
            known.clear();
        }
        known.insert(id.to_owned(), (request.clone(), body.clone()));
    }

    pub(crate) fn get(&self, id: &str) -> Option<(Request, Bytes)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}
