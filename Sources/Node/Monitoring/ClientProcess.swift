import ClusterSetup
import Foundation

/// A client that runs on this machine, by what `/proc` tells of its process: for the metric by which operators compare
/// their flags. Source: operations.md §9.6.
struct ClientProcess: Hashable, Sendable {
    /// What operators and dashboards call it.
    let component: String
    /// Its command line, cut to size, and what is or may be secret in it masked.
    let parameters: String

    /// As their processes are called, or what their processes run.
    private static let components = ["lighthouse", "teku", "nimbus", "prysm", "lodestar", "vouch"]
    private static let interpreters: Set<String> = ["node", "java"]
    /// Of those whose value is a secret, unless they name a file or a folder.
    private static let secretWords = ["token", "password", "passphrase", "secret", "auth", "jwt", "header", "key"]
    private static let placeSuffixes = ["file", "dir", "directory", "path", "folder"]
    private static let mask = "***"
    private static let charactersMax = 1024
    /// Of one machine; more show that something else is meant.
    private static let countMax = 32

    /// - Parameters:
    ///   - name: of the process, as in `comm`: 15 characters at most.
    ///   - commandLine: as in `cmdline`: words that end with a zero.
    /// - Returns: nil for what is none.
    init?(name: String, commandLine: String) {
        let name = name.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
        let words = commandLine.split(separator: "\0").map(String.init)
        let isCandidate = Self.interpreters.contains(name) || Self.components.contains { name.contains($0) }
        let text = commandLine.lowercased()
        guard isCandidate, let component = Self.components.first(where: { text.contains($0) }) else { return nil }
        self.component = component
        parameters = MetricLabels.printable(
            Self.masked(words).joined(separator: " "), charactersMax: Self.charactersMax)
    }

    /// All that run now, each command line once. Blocks.
    ///
    /// - Parameter directory: a `/proc`.
    /// - Returns: nil if it cannot be read.
    static func all(in directory: String) -> Set<ClientProcess>? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else { return nil }
        var found: Set<ClientProcess> = []
        for number in names.compactMap({ UInt32($0) }).sorted() where found.count < countMax {
            let folder = "\(directory)/\(number)"
            // One that has just ended, or is hidden from us, is left out.
            guard let name = try? String(contentsOfFile: folder + "/comm", encoding: .utf8),
                let commandLine = try? String(contentsOfFile: folder + "/cmdline", encoding: .utf8),
                let client = ClientProcess(name: name, commandLine: commandLine)
            else { continue }
            found.insert(client)
        }
        return found
    }

    // MARK: Secrets

    private static func masked(_ words: [String]) -> [String] {
        var isSecretNext = false
        return words.map { word -> String in
            let isValue = !word.hasPrefix("-")
            defer { isSecretNext = !isValue && !word.contains("=") && isSecret(word) }
            if isValue { return isSecretNext ? mask : masked(value: word) }
            guard let equals = word.firstIndex(of: "=") else { return word }
            let value = String(word[equals...].dropFirst())
            return "\(word[...equals])\(isSecret(String(word[..<equals])) ? mask : masked(value: value))"
        }
    }

    private static func isSecret(_ flag: String) -> Bool {
        let flag = flag.lowercased()
        return secretWords.contains { flag.contains($0) } && !placeSuffixes.contains { flag.hasSuffix($0) }
    }

    /// Of URLs what names the service: users, passwords, paths and queries may be keys.
    private static func masked(value: String) -> String {
        value.split(separator: ",", omittingEmptySubsequences: false).map { entry -> String in
            guard entry.contains("://") || entry.contains("@") else { return String(entry) }
            guard let url = try? ServiceURL(String(entry)) else { return mask }
            return url.description
        }.joined(separator: ",")
    }
}
