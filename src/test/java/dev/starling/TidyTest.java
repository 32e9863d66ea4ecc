package dev.starling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.LineNumberInfo;
import java.lang.classfile.attribute.LineNumberTableAttribute;
import java.lang.classfile.constantpool.ClassEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Holds the house in order: who may import whom (ARCHITECTURE.md has the same table: mend both together), how long a
/// file and a method may be, that each RFC cited has its row, and that nothing of one machine is written down.
class TidyTest {
    private static final Path MAIN = Path.of("src/main/java");
    private static final int MAX_FILE_LINES = 600;
    private static final int MAX_METHOD_LINES = 70;
    private static final int MAX_LINE_LENGTH = 140;

    private static final Set<String> ALL = Set.of("*");
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("", Set.of()),
            Map.entry("identity", Set.of()),
            Map.entry("sdp", Set.of()),
            Map.entry("sip", Set.of()),
            Map.entry("nat", Set.of()),
            Map.entry("web", Set.of()),
            Map.entry("acme", Set.of()),
            Map.entry("mail", Set.of("identity")),
            Map.entry("dht", Set.of()),
            Map.entry("record", Set.of("identity")),
            Map.entry("cms", Set.of("identity")),
            Map.entry("locate", Set.of("identity", "record", "dht")),
            Map.entry("media", Set.of("sdp", "nat")),
            Map.entry("enrol", Set.of("identity", "acme", "mail")),
            Map.entry("trace", Set.of("sip")),
            Map.entry("gate", Set.of("web", "sip", "dht", "identity", "record")),
            Map.entry("classic", Set.of("identity", "sip", "proxy")),
            Map.entry("proxy", Set.of("identity", "record", "locate", "sip", "sdp", "media")),
            Map.entry(
                    "phone",
                    Set.of(
                            "agent",
                            "classic",
                            "proxy",
                            "identity",
                            "record",
                            "cms",
                            "locate",
                            "dht",
                            "sip",
                            "sdp",
                            "nat",
                            "media",
                            "enrol")),
            Map.entry(
                    "agent",
                    Set.of("identity", "record", "cms", "locate", "dht", "sip", "sdp", "nat", "media", "enrol")),
            Map.entry("ca", Set.of("identity", "acme", "mail", "web", "record", "dht", "cms")),
            Map.entry("ivr", Set.of("ca", "identity", "sip", "sdp", "media", "web")),
            Map.entry("cli", ALL));

    @Test
    void everyArrowBetweenRoomsIsAllowed() throws IOException {
        var wrong = new TreeSet<String>();
        for (ClassModel type : classes()) {
            String from = room(type.thisClass().asInternalName());
            Set<String> allowed = ARROWS.get(from);
            if (allowed == null) {
                wrong.add("room " + from + " is not in the table");
                continue;
            }
            for (var entry : type.constantPool()) {
                if (!(entry instanceof ClassEntry to) || !to.asInternalName().startsWith("dev/starling/")) continue;
                String target = room(to.asInternalName());
                if (!target.equals(from) && !allowed.equals(ALL) && !allowed.contains(target))
                    wrong.add(type.thisClass().asInternalName() + " -> " + to.asInternalName());
            }
        }
        assertEquals(Set.of(), wrong);
    }

    @Test
    void filesAndLinesAreShort() throws IOException {
        var wrong = new ArrayList<String>();
        for (Path file : sources()) {
            List<String> lines = Files.readAllLines(file);
            if (lines.size() > MAX_FILE_LINES) wrong.add(file + " has " + lines.size() + " lines");
            // The lines of the JavaScript are prettier's business.
            for (int i = 0; i < lines.size() && file.toString().endsWith(".java"); i++)
                if (lines.get(i).length() > MAX_LINE_LENGTH) wrong.add(file + ":" + (i + 1) + " is too long");
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void methodsFitAScreen() throws IOException {
        var wrong = new TreeSet<String>();
        for (ClassModel type : classes()) {
            for (var method : type.methods()) {
                method.code().ifPresent(code -> {
                    var lines = code.findAttribute(java.lang.classfile.Attributes.lineNumberTable())
                            .map(LineNumberTableAttribute::lineNumbers)
                            .orElse(List.of());
                    var numbers =
                            lines.stream().mapToInt(LineNumberInfo::lineNumber).summaryStatistics();
                    boolean initializer = method.methodName().stringValue().startsWith("<");
                    if (!initializer
                            && numbers.getCount() > 0
                            && numbers.getMax() - numbers.getMin() > MAX_METHOD_LINES)
                        wrong.add(type.thisClass().asInternalName() + "."
                                + method.methodName().stringValue());
                });
            }
        }
        assertEquals(Set.of(), wrong);
    }

    @Test
    void everyRfcCitedHasARow() throws IOException {
        String rows = Files.readString(Path.of("docs/standards.md"));
        var missing = new TreeSet<String>();
        for (Path file : sources()) {
            var cited = Pattern.compile("RFC (\\d{3,4})\\b").matcher(Files.readString(file));
            while (cited.find())
                if (!rows.contains("| " + cited.group(1) + " |")) missing.add(cited.group(1) + " in " + file);
        }
        assertEquals(Set.of(), missing);
    }

    @Test
    void nothingOfOneMachineIsWrittenDown() throws IOException {
        var path = Pattern.compile("(^|[^A-Za-z0-9_.-])/(work|farm|root|home)/");
        var wrong = new TreeSet<String>();
        for (Path file : everything()) if (path.matcher(Files.readString(file)).find()) wrong.add(file.toString());
        assertEquals(Set.of(), wrong);
    }

    @Test
    void everyPackageIsNullMarked() throws IOException {
        var wrong = new TreeSet<String>();
        for (Path file : sources()) {
            if (!file.startsWith(MAIN)) continue;
            Path info = file.resolveSibling("package-info.java");
            if (!Files.exists(info) || !Files.readString(info).contains("NullMarked")) wrong.add(info.toString());
        }
        assertEquals(Set.of(), wrong);
        assertFalse(sources().isEmpty());
    }

    private static String room(String internalName) {
        String[] parts = internalName.split("/");
        return parts.length > 3 ? parts[2] : "";
    }

    private static List<ClassModel> classes() throws IOException {
        var all = new ArrayList<ClassModel>();
        try (Stream<Path> files = Files.walk(Path.of("target/classes/dev/starling"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList())
                all.add(ClassFile.of().parse(file));
        }
        return all;
    }

    private static List<Path> sources() throws IOException {
        var all = new ArrayList<Path>();
        for (String root : List.of("src", "client/core", "client/web", "client/test"))
            if (Files.exists(Path.of(root)))
                try (Stream<Path> files = Files.walk(Path.of(root))) {
                    files.filter(f -> f.toString().endsWith(".java")
                                    || f.toString().endsWith(".js"))
                            .forEach(all::add);
                }
        return all;
    }

    private static List<Path> everything() throws IOException {
        var all = new ArrayList<Path>(sources());
        for (String root : List.of("docs", "bench", ".ci"))
            if (Files.exists(Path.of(root)))
                try (Stream<Path> files = Files.walk(Path.of(root))) {
                    files.filter(f -> f.toString().matches(".*\\.(md|js|mjs|sh|json)|.*/run"))
                            .forEach(all::add);
                }
        return all.stream().filter(f -> !f.endsWith("TidyTest.java")).toList();
    }
}
