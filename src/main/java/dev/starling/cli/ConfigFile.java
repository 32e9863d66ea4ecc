package dev.starling.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/// `starling peer --config FILE`: each option of the command is a key of the same name, `key = value` on a line of its
/// own; `#` begins a comment at the start of a line. An option that may be repeated may have several lines. What stands
/// on the command line counts in place of what stands in the file.
record ConfigFile(Path path, List<Entry> entries) {
    static final String OPTION = "--config";

    /// Options that are no keys: the secrets are said by files of their own (`relay-secret-file`).
    static final Set<String> NO_KEYS = Set.of(OPTION, "--help", "--version", "--join-token", "--relay-secret");

    private static final int MAX_BYTES = 64 * 1024, MIN_TELLING = 3;
    private static final Pattern LINE = Pattern.compile("([a-z][a-z0-9-]*)[ \\t]*=[ \\t]*(.*)");

    /// @param line counted from 1
    record Entry(int line, String key, String value) {
        String option() {
            return "--" + key;
        }
    }

    /// The file cannot be used as it is; starting again would not help.
    static final class Wrong extends IOException {
        private static final long serialVersionUID = 1;

        Wrong(Path path, int line, String why) {
            this(path, line, why, null);
        }

        Wrong(Path path, int line, String why, @org.jspecify.annotations.Nullable Throwable cause) {
            super(path + (line == 0 ? "" : ", line " + line) + ": " + why, cause);
        }
    }

    static ConfigFile read(Path path) throws Wrong {
        String text;
        try {
            if (Files.size(path) > MAX_BYTES) throw new Wrong(path, 0, "at most " + MAX_BYTES + " bytes");
            text = Files.readString(path, StandardCharsets.UTF_8);
        } catch (CharacterCodingException e) {
            throw new Wrong(path, 0, "this is no text in UTF-8", e);
        } catch (Wrong e) {
            throw e;
        } catch (IOException e) {
            throw new Wrong(path, 0, "cannot be read (" + e.getClass().getSimpleName() + ")", e);
        }
        var entries = new ArrayList<Entry>();
        int number = 0;
        for (String line : text.lines().map(String::strip).toList()) {
            number++;
            if (!line.isEmpty() && !line.startsWith("#")) entries.add(entry(path, number, line));
        }
        return new ConfigFile(path, List.copyOf(entries));
    }

    private static Entry entry(Path path, int number, String line) throws Wrong {
        var parts = LINE.matcher(line);
        if (!parts.matches()) throw new Wrong(path, number, "not \"key = value\": " + LogLines.oneLine(line));
        String key = parts.group(1), value = parts.group(2);
        if (value.isEmpty())
            throw new Wrong(path, number, key + " has no value; a # in front of it leaves it at its default");
        if (value.length() > 1 && value.startsWith("\"") && value.endsWith("\""))
            throw new Wrong(path, number, "write the value of " + key + " without quotation marks");
        if (value.chars().anyMatch(c -> Character.isISOControl(c)))
            throw new Wrong(path, number, "a control character in the value of " + key);
        return new Entry(number, key, value);
    }

    static boolean isOption(String word) {
        return word.equals(OPTION) || word.startsWith(OPTION + "=");
    }

    /// The words of a command line with those of the file that it names put in front; without one, the same.
    ///
    /// @param command that will be run with them
    /// @param words what comes after its name
    static List<String> expand(CommandLine command, List<String> words) throws Wrong {
        CommandLine.ParseResult given;
        try {
            given = command.parseArgs(words.toArray(String[]::new));
        } catch (CommandLine.ParameterException _) {
            // It is parsed once more to be run, and then complained about.
            return words;
        }
        if (!given.hasMatchedOption(OPTION)) return words;
        Path path = Path.of(given.matchedOption(OPTION).stringValues().getLast());
        var all = new ArrayList<>(read(path).words(command, given));
        all.addAll(words);
        return all;
    }

    private List<String> words(CommandLine command, CommandLine.ParseResult given) throws Wrong {
        var words = new ArrayList<String>();
        var lines = new HashMap<String, Integer>();
        for (Entry each : entries) {
            OptionSpec option = option(command, each);
            Integer before = lines.put(each.key, each.line);
            if (before != null && !option.isMultiValue())
                throw new Wrong(path, each.line, each.key + " stands in line " + before + " already");
            String word = each.option() + "=" + each.value;
            try {
                var _ = command.parseArgs(word);
            } catch (CommandLine.ParameterException e) {
                throw new Wrong(path, each.line, String.valueOf(e.getMessage()), e);
            }
            if (!given.hasMatchedOption(option)) words.add(word);
        }
        return words;
    }

    private OptionSpec option(CommandLine command, Entry entry) throws Wrong {
        var option = command.getCommandSpec().findOption(entry.option());
        if (Set.of("--join-token", "--relay-secret").contains(entry.option()))
            throw new Wrong(
                    path,
                    entry.line,
                    "a secret has a file of its own: " + entry.key + "-file = FILE, mode 0640 or less");
        if (option == null || NO_KEYS.contains(entry.option()))
            throw new Wrong(path, entry.line, "there is no key " + entry.key);
        return option;
    }

    /// A complaint about what an option says, with the line that says it, if it is one of this file.
    IOException located(IOException complaint) {
        String why = String.valueOf(complaint.getMessage());
        for (Entry each : entries)
            if (Pattern.compile(Pattern.quote(each.option()) + "(?![a-z0-9-])")
                            .matcher(why)
                            .find()
                    || each.value.length() >= MIN_TELLING && why.contains(each.value))
                return new Wrong(path, each.line, why, complaint);
        return complaint;
    }
}
