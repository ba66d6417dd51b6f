import Foundation

/// One Swift file of the repository, as text.
struct Source {
    /// From the repository's root, e.g. `Sources/SSZ/Hex.swift`.
    let path: String
    let lines: [String]
    /// The lines without comments and without what stands in quotes.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.components(separatedBy: "\n")
        code = Self.code(lines)
    }

    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func all(in folder: String) -> [Source] {
        let base = root.appendingPathComponent(folder).path
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: base)) ?? []
        return names.sorted().filter { $0.hasSuffix(".swift") }.compactMap { name in
            guard let text = try? String(contentsOfFile: base + "/" + name, encoding: .utf8) else { return nil }
            return Source(path: "\(folder)/\(name)", text: text)
        }
    }

    /// The file's name without its ending.
    var name: String { String((path.split(separator: "/").last ?? "").dropLast(6)) }

    var isGenerated: Bool { path.hasSuffix(".pb.swift") || lines.prefix(5).contains { $0.contains("DO NOT EDIT") } }

    /// Modules that the file imports.
    var imports: [String] {
        lines.compactMap { line in
            var words = line.split(separator: " ").map(String.init)
            while let first = words.first,
                ["@testable", "@preconcurrency", "package", "internal", "private", "fileprivate"].contains(first)
            {
                words.removeFirst()
            }
            guard words.first == "import", words.count >= 2 else { return nil }
            let isKind = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"].contains(words[1])
            let module = isKind && words.count > 2 ? words[2] : words[1]
            return module.split(separator: ".").first.map(String.init)
        }
    }

    /// Line numbers, from 1, of code (comments and the contents of texts left out) that contains the pattern.
    func matches(_ pattern: Regex<Substring>) -> [Int] {
        code.enumerated().filter { $0.element.contains(pattern) }.map { $0.offset + 1 }
    }

    private static func code(_ lines: [String]) -> [String] {
        var isInText = false
        return lines.map { line in
            if line.contains("\"\"\"") {
                isInText.toggle()
                return ""
            }
            if isInText { return "" }
            var out = ""
            var isQuoted = false
            var previous: Character = " "
            for character in line {
                if character == "\"", previous != "\\" { isQuoted.toggle() }
                if !isQuoted, character == "/", previous == "/" {
                    out.removeLast()
                    break
                }
                if !isQuoted || character == "\"" { out.append(character) }
                previous = character
            }
            return out
        }
    }
}
