import Foundation
import Synchronization

/// The secrets on this process's command line and in its variables. They are masked in all that is written for people:
/// services repeat them in error messages, and the argument parser quotes what it does not understand.
enum CommandSecrets {
    /// Shorter ones would be found in any text.
    private static let charactersMin = 4
    /// The path of these says what was asked for.
    private static let openPaths: Set<String> = ["publish-address", "definition-file"]
    private static let mask = "***"
    private static let words = Mutex<[String]>([])

    /// - Parameter arguments: with those that stand for variables.
    static func note(in arguments: [String]) {
        let found = secrets(in: arguments)
        words.withLock { $0 = found }
    }

    static func masked(_ text: String) -> String {
        words.withLock { $0 }.reduce(text) { $0.replacingOccurrences(of: $1, with: mask) }
    }

    /// A flag's value for people, with what is or may be secret in it masked where it stands: shorter secrets too.
    static func shown(_ value: String, of flag: String) -> String {
        value.split(separator: ",", omittingEmptySubsequences: false).map { entry -> String in
            if entry.isEmpty { return "" }
            if isToken(flag) { return mask }
            if flag.contains("header") {
                return entry.firstIndex(of: "=").map { "\(entry[...$0])\(mask)" } ?? mask
            }
            return shown(entry: entry, hidesPath: !openPaths.contains(flag))
        }.joined(separator: ",")
    }

    private static func shown(entry: Substring, hidesPath: Bool) -> String {
        var (start, rest) = ("", entry)
        if let slashes = entry.range(of: "//") {
            start = String(entry[..<slashes.upperBound])
            rest = entry[slashes.upperBound...]
        } else if !entry.contains("@") {
            return String(entry)
        }
        var end = ""
        if let query = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) {
            end = "\(rest[query])\(mask)"
            rest = rest[..<query]
        }
        if let at = rest.lastIndex(of: "@") {
            // A slash before it: of a password or of a path, nobody knows.
            if rest[..<at].contains("/") { return start + mask + end }
            start += "\(mask)@"
            rest = rest[at...].dropFirst()
        }
        if hidesPath, let slash = rest.firstIndex(of: "/"), rest[slash...].count > 1 {
            end = "/\(mask)" + end
            rest = rest[..<slash]
        }
        return start + rest + end
    }

    private static func isToken(_ flag: String) -> Bool { flag.contains("token") && !flag.hasSuffix("-file") }

    /// Longest first: one may contain another.
    static func secrets(in arguments: [String]) -> [String] {
        var found: Set<String> = []
        var flag = ""
        let inspects = arguments.starts(with: ["cluster", "inspect"])
        for argument in arguments {
            var value = Substring(argument)
            if argument.hasPrefix("--") {
                let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                flag = String(parts[0])
                guard parts.count == 2 else { continue }
                value = parts[1]
            }
            for entry in value.split(separator: ",") {
                let entry = entry.trimmingCharacters(in: .whitespaces)
                if flag.contains("header") { found.formUnion(header(entry)) }
                if isToken(flag) { found.insert(entry) }
                found.formUnion(url(entry, hidesPath: !openPaths.contains(flag) && !(inspects && flag.isEmpty)))
            }
        }
        return found.filter { $0.count >= charactersMin }.sorted { ($1.count, $0) < ($0.count, $1) }
    }

    /// The value, and what follows `Bearer` in it. Without an equals sign it is all value.
    private static func header(_ entry: String) -> [String] {
        let value = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).last.map(String.init)
        return [value ?? ""] + (value ?? "").split(separator: " ").dropFirst().map(String.init)
    }

    /// By hand: what a parser of URLs refuses has secrets all the same.
    private static func url(_ entry: String, hidesPath: Bool) -> [String] {
        guard let slashes = entry.range(of: "//") else { return entry.contains("@") ? credentials(entry) : [] }
        var rest = entry[slashes.upperBound...]
        var found: [String] = []
        if let fragment = rest.firstIndex(of: "#") {
            found.append(String(rest[fragment...].dropFirst()))
            rest = rest[..<fragment]
        }
        if let question = rest.firstIndex(of: "?") {
            let query = rest[question...].dropFirst()
            found.append(String(query))
            found += query.split(separator: "&").map { pair in
                String(pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).last ?? pair)
            }
            rest = rest[..<question]
        }
        found += credentials(String(rest))
        if let at = rest.lastIndex(of: "@") { rest = rest[at...] }
        if hidesPath, let slash = rest.firstIndex(of: "/") {
            let path = String(rest[slash...])
            found.append(path.hasSuffix("/") ? String(path.dropLast()) : path)
        }
        return found
    }

    /// Of `user:password@…`, as they are, decoded and as a header has them.
    private static func credentials(_ text: String) -> [String] {
        guard let at = text.lastIndex(of: "@") else { return [] }
        let raw = String(text[..<at])
        let decoded = raw.removingPercentEncoding ?? raw
        let parts = [raw, decoded].flatMap { $0.split(separator: ":", maxSplits: 1).map(String.init) }
        return [raw, decoded, Data(decoded.utf8).base64EncodedString()] + parts
    }
}
