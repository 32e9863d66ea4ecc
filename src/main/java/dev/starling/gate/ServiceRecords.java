package dev.starling.gate;

import dev.starling.sip.locating.Srv;
import java.io.IOException;
import java.util.List;

/// The DNS, asked for the service records (RFC 2782) of a name.
public interface ServiceRecords {
    /// Those of a name, in no order; empty when there are none, or the domain says that it has no such service.
    ///
    /// @throws IOException the DNS did not answer: nothing is known
    List<Srv> of(String name) throws IOException;
}
