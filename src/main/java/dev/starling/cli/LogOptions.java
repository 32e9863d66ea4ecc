package dev.starling.cli;

import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// How much a server says of what it does.
final class LogOptions {
    @Option(
            names = "--log-level",
            defaultValue = "info",
            converter = Level.class,
            paramLabel = "LEVEL",
            description = "How much is written to the log: error, warning, info, debug or trace (default"
                    + " ${DEFAULT-VALUE}). From debug on, each SIP transaction has a line: its method, the id of its"
                    + " call and its outcome, never who or what.")
    System.Logger.Level level = System.Logger.Level.INFO;

    void apply() {
        LogLines.level(level);
    }

    static final class Level implements ITypeConverter<System.Logger.Level> {
        private static final List<String> NAMES = List.of("error", "warning", "info", "debug", "trace");

        @Override
        public System.Logger.Level convert(String value) {
            if (!NAMES.contains(value))
                throw new TypeConversionException("'" + value + "' is none of " + String.join(", ", NAMES));
            return System.Logger.Level.valueOf(value.toUpperCase(Locale.ROOT));
        }
    }
}
