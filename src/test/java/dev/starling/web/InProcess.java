package dev.starling.web;

import java.io.IOException;

/// Requests without a network: what the server's edge does, and nothing else.
public final class InProcess {
    private InProcess() {}

    /// Runtime exceptions come through: they are defects.
    public static Response answer(Routes routes, Request request) throws IOException {
        var route = routes.find(request.method(), request.path());
        if (route.isEmpty())
            return Response.problem(routes.methods(request.path()).isEmpty() ? 404 : 405, "no");
        if (request.body().length > route.get().maxBodyBytes()) return Response.problem(413, "too long");
        try {
            return route.get().handler().handle(request);
        } catch (WebException e) {
            return Response.problem(e.status(), String.valueOf(e.getMessage()));
        }
    }
}
