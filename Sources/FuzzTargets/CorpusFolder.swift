import Foundation

/// The corpus on disk: a folder for each target, a file for each input.
package struct CorpusFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    package struct Input: Sendable {
        package let name: String
        package let bytes: [UInt8]
    }

    /// All inputs of a target, by name. Empty without its folder.
    package func inputs(_ target: FuzzTarget) throws -> [Input] {
        let folder = "\(path)/\(target.rawValue)"
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
            Input(name: name, bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))))
        }
    }

    /// Names and bytes of the generated files of a target, by name as on disk.
    package static func generated(_ target: FuzzTarget) -> [Input] {
        Corpus.seeds(target).enumerated().map { index, bytes in
            Input(name: "seed-\(index / 10)\(index % 10).\(target.isJSON ? "json" : "bin")", bytes: bytes)
        }.sorted { $0.name < $1.name }
    }

    /// Writes the generated files; leaves all others.
    package func regenerate() throws {
        for target in FuzzTarget.allCases {
            let folder = URL(fileURLWithPath: "\(path)/\(target.rawValue)", isDirectory: true)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for input in Self.generated(target) {
                try Data(input.bytes).write(to: folder.appendingPathComponent(input.name))
            }
        }
    }
}
