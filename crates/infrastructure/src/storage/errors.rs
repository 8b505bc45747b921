//! From the database's errors to the port's, in one place.

use nexus_domain::ports::{DuplicateKey, StorageError};
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// What a failed statement means to the use cases.
pub(super) fn failed(error: DbErr) -> StorageError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) => {
            return StorageError::Duplicate(duplicate(&message));
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => return StorageError::Orphaned,
        _ => {}
    }
    if is_passing(&error) {
        return StorageError::Unavailable(Box::new(error));
    }
    StorageError::Failed(Box::new(error))
}

/// PostgreSQL names the constraint, SQLite the columns.
fn duplicate(message: &str) -> DuplicateKey {
    let names = |constraint: &str, column: &str| {
        message.contains(&format!("\"{constraint}\"")) || message.contains(column)
    };
    if names("contacts_phone", "contacts.phone") {
        DuplicateKey::ContactPhone
    } else if names("contacts_email", "contacts.email_key") {
        DuplicateKey::ContactEmail
    } else if names("users_email", "users.email_key") {
        DuplicateKey::UserEmail
    } else if names("segments_name", "segments.name_key") {
        DuplicateKey::SegmentName
    } else {
        DuplicateKey::Other
    }
}

/// Whether the same may work later.
fn is_passing(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(RuntimeErr::Internal(_)) => true,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match error.as_ref() {
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed => true,
            SqlxError::Database(error) => error.code().is_some_and(|code| is_passing_code(&code)),
            _ => false,
        },
        _ => false,
    }
}

fn is_passing_code(code: &str) -> bool {
    // SQLite: SQLITE_BUSY and SQLITE_LOCKED with their extended codes (the low byte is 5 or 6).
    if code.len() < 5
        && let Ok(number) = code.parse::<u32>()
    {
        return matches!(number & 0xff, 5 | 6);
    }
    // PostgreSQL, appendix A: connection exceptions, insufficient resources, operator
    // intervention (shutdown, starting up), serialization failure, deadlock, lock not available.
    ["08", "53", "57"]
        .iter()
        .any(|class| code.starts_with(class))
        || matches!(code, "40001" | "40P01" | "55P03" | "25006" | "25P03")
}

#[cfg(test)]
mod tests {
    use super::{DuplicateKey, duplicate, is_passing_code};

    #[test]
    fn a_duplicate_is_named_by_constraint_or_by_column() {
        for (message, expected) in [
            (
                "duplicate key value violates unique constraint \"contacts_phone\"",
                DuplicateKey::ContactPhone,
            ),
            (
                "UNIQUE constraint failed: contacts.user_id, contacts.email_key",
                DuplicateKey::ContactEmail,
            ),
            (
                "UNIQUE constraint failed: users.email_key",
                DuplicateKey::UserEmail,
            ),
            (
                "UNIQUE constraint failed: segments.user_id, segments.name_key",
                DuplicateKey::SegmentName,
            ),
            (
                "UNIQUE constraint failed: users.webhook_key",
                DuplicateKey::Other,
            ),
        ] {
            assert_eq!(duplicate(message), expected, "{message}");
        }
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        for code in [
            "5", "517", "261", "262", "57P01", "08006", "53300", "40P01", "55P03", "25P03",
        ] {
            assert!(is_passing_code(code), "{code}");
        }
        for code in ["1", "19", "787", "2067", "42P01", "23514", "22021"] {
            assert!(!is_passing_code(code), "{code}");
        }
    }
}
