//! Lists of contacts: where to look first, and how much of them to count.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{ContactSort, ListRequest, Listing, Paging};
use nexus_domain::{Contact, ContactFilter, UserId};

use super::SqlRepositories;
use super::connection::{Connection, Together};
use super::contact_filter::{
    Lead, counted, is_by_status_only, is_one_tag, kept_total, kept_total_of, list, trigrams,
    with_trigrams,
};
use super::contact_marks;
use super::contact_rows::ContactRow;
use super::lists::{Start, time_key};
use super::rows::Number;

/// In an account of so many contacts, what a filter lets through is counted for every page.
const ALL_COUNTED: u32 = 10_000;
/// In a larger one it is counted up to so many: nobody looks at more of them page by page, and every
/// page would wait for the number.
const MOST_COUNTED: u32 = 1_000;

/// Fewer rows than these are skipped one by one, from the nearer end of the list: they cost less than
/// to find out where the page begins.
const SKIPPED: i64 = 2_000;

/// A needle that so many contacts have is rare enough to be looked up before anything else: their
/// rows are read and sorted. A more common one is met soon in the order of the list.
const MOST_BY_TRIGRAMS: u32 = 2_000;

impl SqlRepositories {
    /// Part of the list.
    pub(super) async fn contact_list(
        &self,
        user: UserId,
        filter: &ContactFilter,
        request: &ListRequest<ContactSort>,
    ) -> Result<Listing<Contact>, StorageError> {
        self.settle_totals().await?;
        let together = planned(self.db(), filter).await?;
        let db = together.db();
        let lead = lead(db, filter).await?;
        let kept = match request.paging {
            Paging::Page { .. } => kept(db, user, filter).await?,
            Paging::After { .. } => None,
        };
        let mut list = list(user, filter, &lead, request);
        list.total = kept;
        list.start = start(db, user, filter, request, kept).await?;
        let part = list
            .part::<ContactRow>(db, &request.paging, request.size)
            .await?;
        let (total, total_is_exact) = match request.paging {
            Paging::After { .. } => (None, true),
            Paging::Page { number } => {
                let known = kept.or_else(|| part.total(number, request.size));
                let (total, is_all) = match known {
                    Some(total) => (total, true),
                    None => counted_for_page(db, user, filter, &lead).await?,
                };
                (Some(total), is_all)
            }
        };
        together.done().await?;
        let cursor = |row: &ContactRow| match request.sort {
            ContactSort::Name => (row.name_key.clone(), row.id),
            ContactSort::CreatedAt => (time_key(row.created_at), row.id),
        };
        let listing = part.listing(total, cursor, ContactRow::contact)?;
        Ok(Listing {
            total_is_exact,
            ..listing
        })
    }

    /// How many contacts `filter` lets through.
    pub(super) async fn contact_count(
        &self,
        user: UserId,
        filter: &ContactFilter,
    ) -> Result<u64, StorageError> {
        self.settle_totals().await?;
        if let Some(kept) = kept(self.db(), user, filter).await? {
            return Ok(kept);
        }
        let together = planned(self.db(), filter).await?;
        let db = together.db();
        let lead = lead(db, filter).await?;
        let counted = counted(user, filter, &lead, None);
        let number = Number::count(db.one(counted).await?);
        together.done().await?;
        Ok(number)
    }
}

/// What to ask `filter` of: a search is planned for its own needle.
pub(super) async fn planned<'a>(
    db: &'a Connection,
    filter: &ContactFilter,
) -> Result<Together<'a>, StorageError> {
    let searches = |filter: &ContactFilter| filter.search.is_some();
    if searches(filter) || filter.also.iter().any(searches) {
        db.planned_each_time().await
    } else {
        Ok(Together::Callers(db))
    }
}

/// Where to look first for what `filter` lets through. PostgreSQL knows by itself how rare a
/// needle is; for SQLite it is found out here.
pub(super) async fn lead(db: &Connection, filter: &ContactFilter) -> Result<Lead, StorageError> {
    let needle = filter.search_needle();
    let Some(needle) = needle.as_deref().and_then(trigrams) else {
        return Ok(Lead::List);
    };
    if db.is_postgres() {
        return Ok(Lead::List);
    }
    let found: Vec<Number> = db.all(with_trigrams(&needle, MOST_BY_TRIGRAMS + 1)).await?;
    Ok(
        if found.len() > usize::try_from(MOST_BY_TRIGRAMS).unwrap_or(usize::MAX) {
            Lead::List
        } else {
            Lead::Numbers(found.into_iter().map(|found| found.number).collect())
        },
    )
}

/// How many contacts `filter` lets through, where the totals know.
async fn kept(
    db: &Connection,
    user: UserId,
    filter: &ContactFilter,
) -> Result<Option<u64>, StorageError> {
    let only_tag = filter.tags.first().filter(|tag| is_one_tag(filter, tag));
    let sql = if is_by_status_only(filter) {
        kept_total(user, filter.status)
    } else if let Some(tag) = only_tag {
        kept_total_of(user, tag)
    } else {
        return Ok(None);
    };
    Ok(Some(Number::count(db.one(sql).await?)))
}

/// Where a page deep in the list of everybody by time begins.
async fn start(
    db: &Connection,
    user: UserId,
    filter: &ContactFilter,
    request: &ListRequest<ContactSort>,
    total: Option<u64>,
) -> Result<Option<Start>, StorageError> {
    let (Paging::Page { number }, Some(total)) = (&request.paging, total) else {
        return Ok(None);
    };
    let skipped = i64::from(number.saturating_sub(1)) * i64::from(request.size);
    let left = i64::try_from(total).unwrap_or(i64::MAX) - skipped;
    if request.sort != ContactSort::CreatedAt || !filter.is_empty() || skipped.min(left) < SKIPPED {
        return Ok(None);
    }
    contact_marks::start(db, user, request.direction, skipped, total).await
}

/// How many contacts `filter` lets through, as far as they are counted, and whether that is all.
async fn counted_for_page(
    db: &Connection,
    user: UserId,
    filter: &ContactFilter,
    lead: &Lead,
) -> Result<(u64, bool), StorageError> {
    let all = Number::count(db.one(kept_total(user, None)).await?);
    let most = if all <= u64::from(ALL_COUNTED) {
        ALL_COUNTED
    } else {
        MOST_COUNTED
    };
    let counted = counted(user, filter, lead, Some(most + 1));
    let number = Number::count(db.one(counted).await?);
    let most = u64::from(most);
    Ok((number.min(most), number <= most))
}
