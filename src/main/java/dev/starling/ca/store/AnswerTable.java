package dev.starling.ca.store;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Answers to challenges that wait for whoever can judge them, one for each; within one transaction.
public final class AnswerTable {
    /// @param thumbprint of the account's key (RFC 7638)
    public record Answer(String challenge, String response, String thumbprint) {}

    private final Handle db;

    AnswerTable(Handle db) {
        this.db = db;
    }

    /// In place of one that waits.
    public void put(Answer answer) {
        db.createUpdate("insert into answer (challenge, response, thumbprint) values (:challenge, :response, :by)"
                        + " on conflict (challenge) do update set response = excluded.response,"
                        + " thumbprint = excluded.thumbprint")
                .bind("challenge", answer.challenge())
                .bind("response", answer.response())
                .bind("by", answer.thumbprint())
                .execute();
    }

    public List<String> waiting(int most) {
        return db.createQuery("select challenge from answer order by challenge limit :most")
                .bind("most", most)
                .mapTo(String.class)
                .list();
    }

    /// Whoever gets it judges it.
    public Optional<Answer> take(String challenge) {
        Optional<Answer> found = db.createQuery(
                        "select challenge, response, thumbprint from answer where challenge = :challenge")
                .bind("challenge", challenge)
                .map((row, _) -> new Answer(row.getString(1), row.getString(2), row.getString(3)))
                .findOne();
        boolean ours = found.isPresent()
                && db.createUpdate("delete from answer where challenge = :challenge and response = :response")
                                .bind("challenge", challenge)
                                .bind("response", found.get().response())
                                .execute()
                        == 1;
        return ours ? found : Optional.empty();
    }
}
