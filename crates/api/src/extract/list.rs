//! Lists: the part that is asked for, and how an answer says what there is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nexus_domain::values::{
    Cursor, ListRequest, Listing, Paging, Problem, SortDirection, Violations,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::errors::ApiError;

/// The part of a list that is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The page, counted from 1.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000_000, example = 1)]
    pub page: Option<String>,
    /// How many items, 1 to 100.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    pub per_page: Option<String>,
    /// Where the list goes on: `next_cursor` of the answer before, or empty for the start. Instead
    /// of `page`.
    pub cursor: Option<String>,
    /// By what to sort, with `-` in front for the other way round.
    pub sort: Option<String>,
}

const MAX_PAGE: u32 = 1_000_000;
const MAX_PER_PAGE: u32 = 100;
const PER_PAGE: u32 = 20;

impl ListQuery {
    /// The request, where `sorts` are the words that `sort` takes; the first is the default, with
    /// its direction.
    pub fn read<S: Copy>(
        &self,
        sorts: &[(&str, S, SortDirection)],
    ) -> Result<ListRequest<S>, ApiError> {
        let mut violations = Violations::new();
        let number = |text: &Option<String>, default: u32, max: u32| match text.as_deref() {
            None | Some("") => Ok(default),
            Some(text) => text
                .trim()
                .parse::<u32>()
                .ok()
                .filter(|number| (1..=max).contains(number))
                .ok_or(Problem::Malformed {
                    expected: format!("1 … {max}"),
                }),
        };
        let page = violations.check("page", number(&self.page, 1, MAX_PAGE));
        let size = violations.check("per_page", number(&self.per_page, PER_PAGE, MAX_PER_PAGE));
        let paging = match (self.cursor.as_deref(), page) {
            (None, page) => Some(Paging::Page {
                number: page.unwrap_or(1),
            }),
            (Some(""), _) => Some(Paging::After { cursor: None }),
            (Some(text), _) => violations
                .check("cursor", decode_cursor(text))
                .map(|cursor| Paging::After {
                    cursor: Some(cursor),
                }),
        };
        let sort = violations.check("sort", read_sort(self.sort.as_deref(), sorts));
        match (paging, size, sort) {
            (Some(paging), Some(size), Some((sort, direction))) if violations.is_empty() => {
                Ok(ListRequest {
                    paging,
                    size,
                    sort,
                    direction,
                })
            }
            _ => Err(ApiError::invalid(&violations)),
        }
    }
}

fn read_sort<S: Copy>(
    text: Option<&str>,
    sorts: &[(&str, S, SortDirection)],
) -> Result<(S, SortDirection), Problem> {
    let accepted = || Problem::NotOneOf {
        accepted: sorts
            .iter()
            .flat_map(|(word, ..)| [(*word).to_owned(), format!("-{word}")])
            .collect(),
    };
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return sorts
            .first()
            .map(|(_, sort, direction)| (*sort, *direction))
            .ok_or_else(accepted);
    };
    let (word, direction) = text
        .strip_prefix('-')
        .map_or((text, SortDirection::Ascending), |word| {
            (word, SortDirection::Descending)
        });
    sorts
        .iter()
        .find(|(known, ..)| *known == word)
        .map(|(_, sort, _)| (*sort, direction))
        .ok_or_else(accepted)
}

/// A cursor as it is sent: opaque to clients.
fn encode_cursor(cursor: &Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}|{}", cursor.id.simple(), cursor.key))
}

/// A cursor that was sent.
fn decode_cursor(text: &str) -> Result<Cursor, Problem> {
    let malformed = || Problem::Malformed {
        expected: "next_cursor".to_owned(),
    };
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    let (id, key) = text.split_once('|').ok_or_else(malformed)?;
    if key.contains('\0') {
        return Err(malformed());
    }
    Ok(Cursor {
        key: key.to_owned(),
        id: id.parse().map_err(|_| malformed())?,
    })
}

/// Where in a list an answer is.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names of the contract")]
pub struct Page {
    /// The page, counted from 1; absent when a cursor was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub page: Option<u32>,
    /// How many items a page has.
    #[schema(example = 20)]
    pub per_page: u32,
    /// How many items there are; absent when a cursor was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 42)]
    pub total: Option<u64>,
    /// Whether `total` is the number. False in an account of more than 10,000 contacts when a filter
    /// lets through more than 1,000, which is as far as they are counted: there are more than `total`,
    /// and more pages than `pages`. Absent when a cursor was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    pub total_is_exact: Option<bool>,
    /// How many pages there are; absent when a cursor was followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    pub pages: Option<u64>,
    /// Whether there is more after this.
    pub has_next: bool,
    /// Whether there is something before this.
    pub has_prev: bool,
    /// Where the list goes on, to be sent as `cursor`; null at its end.
    pub next_cursor: Option<String>,
}

impl Page {
    /// Where `listing` is, as the answer to `request`.
    pub fn of<T, S>(listing: &Listing<T>, request: &ListRequest<S>) -> Self {
        let (page, has_prev) = match &request.paging {
            Paging::Page { number } => (Some(*number), *number > 1),
            Paging::After { cursor } => (None, cursor.is_some()),
        };
        Self {
            page,
            per_page: request.size,
            total: listing.total,
            total_is_exact: listing.total.map(|_| listing.total_is_exact),
            pages: listing
                .total
                .map(|total| total.div_ceil(request.size.into())),
            has_next: listing.next.is_some(),
            has_prev,
            next_cursor: listing.next.as_ref().map(encode_cursor),
        }
    }
}
