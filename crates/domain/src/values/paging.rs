//! Pages of lists: by number, or by cursor for deep and endless scrolling.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The place after which a list goes on: the sort key and id of the last item shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The sort key of that item, as text that sorts as the key does.
    pub key: String,
    /// Its id, which decides between equal keys.
    pub id: Uuid,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// Page `number`, counted from 1; the answer carries the total.
    Page {
        /// Counted from 1.
        number: u32,
    },
    /// What follows the cursor, from the start when there is none; the answer carries no total.
    After {
        /// The end of the part before.
        cursor: Option<Cursor>,
    },
}

/// The direction of a sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortDirection {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

impl SortDirection {
    /// The other one.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// What contacts can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContactSort {
    /// By name, accents and case aside.
    Name,
    /// By the time of creation.
    #[default]
    CreatedAt,
}

/// What campaigns can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CampaignSort {
    /// By name, accents and case aside.
    Name,
    /// By the time of creation.
    #[default]
    CreatedAt,
}

/// What recipients can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RecipientSort {
    /// In the order in which they were added to the campaign.
    #[default]
    Added,
}

/// A request for part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest<S> {
    /// Which part.
    pub paging: Paging,
    /// How many items, 1 to 100.
    pub size: u32,
    /// By what.
    pub sort: S,
    /// In which direction.
    pub direction: SortDirection,
}

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The items, at most as many as asked for.
    pub items: Vec<T>,
    /// How many there are in all; only for [`Paging::Page`].
    pub total: Option<u64>,
    /// Whether `total` is the number. Otherwise there are more than so many: counting ended there.
    pub total_is_exact: bool,
    /// Where the list goes on, `None` at its end.
    pub next: Option<Cursor>,
}
