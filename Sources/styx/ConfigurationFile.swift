import Foundation
import Yams

/// A configuration file, read: flags and their values. Source: operations.md §1.2. Pure.
///
/// Keys are the names of flags without `--`, in any case of letters. A value is text, a number, a boolean, or a list of
/// these, which may also be written as one text with commas. What is null is not set. TOML: `TOMLReader`.
struct ConfigurationFile: Equatable, Sendable {
    /// JSON is read as YAML, of which it is a part.
    enum Format: String, CaseIterable {
        // In the order in which Charon's library looks for them.
        case json, toml, yaml, yml
    }

    struct Entry: Equatable, Sendable {
        let key: String
        let value: Value
        /// From 1.
        let line: Int
    }

    enum Value: Equatable, Sendable {
        /// Null.
        case unset
        /// May be empty, and then says so: that there shall be none.
        case text(String)
        /// Keys in keys, or lists in lists: no flag is like that. With the first keys inside.
        case nested([String])
    }

    /// Why a file is of no use. For people; without the text around the place, which may be a secret.
    struct Fault: Error, Equatable {
        var line: Int?
        let what: String
        var cure = Fault.yamlCure

        static let yamlCure = "write one `flag: value` a line"
        static let jsonCure = "write one object, {\"flag\": \"value\", …}, with a comma between flags"
    }

    /// Some hundred flags take a few kilobytes.
    static let bytesMax = 64 << 10
    /// What is written once counts many times by them, and more with each that refers to another.
    static let markersMax = 32
    private static let shownMax = 8

    let path: String
    let entries: [Entry]

    /// - Parameter bytes: UTF-8, at most `bytesMax`.
    init(_ bytes: [UInt8], format: Format, path: String) throws(Fault) {
        guard bytes.count <= Self.bytesMax else { throw Fault(what: "is larger than \(Self.bytesMax) bytes") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Fault(what: "is not UTF-8", cure: "save it as UTF-8")
        }
        self.path = path
        switch format {
        case .yaml, .yml: entries = try Self.yaml(text)
        case .json:
            do throws(Fault) { entries = try Self.yaml(text) } catch {
                var fault = error
                if fault.cure == Fault.yamlCure { fault.cure = Fault.jsonCure }
                throw fault
            }
        case .toml:
            var reader = TOMLReader(text)
            entries = try reader.read()
        }
    }

    /// What the file says of a flag; nil if nothing.
    subscript(flag: String) -> (text: String, line: Int)? {
        for entry in entries where entry.key == flag {
            if case .text(let text) = entry.value { return (text, entry.line) }
        }
        return nil
    }

    /// Texts that stand for one flag.
    static func value(_ texts: [String], _ line: Int) throws(Fault) -> Value {
        let texts = texts.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.filter { !$0.isEmpty }
        guard texts.allSatisfy({ $0 == $0.withoutControls && !$0.contains("\n") }) else {
            throw Fault(line: line, what: "has a value of several lines, or with control characters")
        }
        return .text(texts.joined(separator: ","))
    }

    // MARK: YAML

    private static func yaml(_ text: String) throws(Fault) -> [Entry] {
        guard markers(in: text) <= markersMax else {
            throw Fault(what: "has more than \(markersMax) anchors and aliases", cure: "write the values out")
        }
        let root: Node?
        do { root = try Parser(yaml: text, encoding: .utf8).singleRoot() } catch { throw Fault(error) }
        guard let root, !isNull(root) else { return [] }
        guard case .mapping(let mapping) = root else { throw Fault(line: 1, what: "is no list of flags") }
        var entries: [Entry] = []
        for (key, node) in mapping {
            let line = key.mark?.line ?? 1
            guard case .scalar(let scalar) = key else { throw Fault(line: line, what: "has a key that is no name") }
            let name = scalar.string.lowercased()
            if let first = entries.first(where: { $0.key == name }) {
                throw Fault(twice: name, line: line, other: first.line)
            }
            entries.append(Entry(key: name, value: try value(node, line), line: line))
        }
        return entries
    }

    private static func value(_ node: Node, _ line: Int) throws(Fault) -> Value {
        var texts: [String] = []
        switch node {
        case .scalar:
            guard !isNull(node) else { return .unset }
            texts = [text(node)]
        case .sequence(let items):
            for item in items {
                guard case .scalar = item else { return .nested([]) }
                texts.append(text(item))
            }
        case .mapping(let mapping):
            return .nested(mapping.prefix(shownMax).compactMap { $0.key.scalar?.string })
        case .alias: return .nested([])
        }
        return try value(texts, line)
    }

    /// As it is written: `0x10000038` and `007` are no numbers to us.
    private static func text(_ node: Node) -> String {
        isNull(node) ? "" : node.scalar?.string ?? ""
    }

    private static func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string.lowercased())
    }

    /// Where an anchor or an alias may begin.
    static func markers(in text: String) -> Int {
        var (count, previous) = (0, UInt8(ascii: "\n"))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"), " \t\r\n[{,?:-".utf8.contains(previous) {
                count += 1
            }
            previous = byte
        }
        return count
    }
}

extension ConfigurationFile.Fault {
    private static let shownMax = 100

    /// A flag that stands there twice: in `line`, and in another where that is known.
    init(twice name: String, line: Int, other: Int?) {
        let place = other.map { $0 == line ? "" : ", here and in line \($0)" } ?? ""
        self.init(
            line: line, what: "has the flag \(name.withoutControls.prefix(Self.shownMax)) twice\(place)",
            cure: "keep one of them")
    }

    /// Where a key stands below a line.
    private static func line(of key: String, below line: Int, in text: String) -> Int? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, content) in lines.enumerated().dropFirst(line) {
            let rest = content.drop { " \t{,\"'".contains($0) }
            guard rest.hasPrefix(key) else { continue }
            if rest.dropFirst(key.count).first(where: { !" \t\"'".contains($0) }) == ":" { return index + 1 }
        }
        return nil
    }

    fileprivate init(_ error: any Error) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = context.map { "\($0.text) of line \($0.mark.line), " } ?? ""
            self.init(line: mark.line, what: "cannot be read: \(place)\(problem)")
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { yaml.prefix($0).count(where: \.isNewline) + 1 }
            self.init(line: line, what: "cannot be read: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            // The place is that of the first of them.
            let (name, line) = (names.first ?? "", context.mark.line)
            self.init(twice: name, line: line, other: Self.line(of: name, below: line, in: context.text))
        default: self.init(what: "cannot be read")
        }
    }
}
