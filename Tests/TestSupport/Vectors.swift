import Foundation
import SSZ

/// Third-party test vectors. They are not part of the repository: suites that need them are disabled without them.
///
/// The folder is `STYX_VECTORS`, or `../shared/vectors` next to the package. Paths are relative to it.
package enum Vectors {
    /// nil when the folder is missing.
    package static let root: URL? = {
        let folder: URL
        if let path = ProcessInfo.processInfo.environment["STYX_VECTORS"], !path.isEmpty {
            folder = URL(fileURLWithPath: path, isDirectory: true)
        } else {
            let package = URL(fileURLWithPath: #filePath)
                .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            folder = package.deletingLastPathComponent().appendingPathComponent("shared/vectors", isDirectory: true)
        }
        return isThere(folder) ? folder : nil
    }()

    /// Whether a file or folder is there. For `.enabled(if:)`.
    package static func has(_ path: String) -> Bool {
        root.map { isThere($0.appendingPathComponent(path)) } ?? false
    }

    /// Paths (relative to the root, like the argument) of all files below a folder, sorted. Empty without the folder.
    package static func files(in folder: String, withExtension fileExtension: String? = nil) -> [String] {
        guard let root, let names = try? FileManager.default.subpathsOfDirectory(atPath: path(folder, in: root)) else {
            return []
        }
        return names.sorted().map { "\(folder)/\($0)" }.filter { name in
            var isDirectory: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path(name, in: root), isDirectory: &isDirectory)
            return exists && !isDirectory.boolValue
                && (fileExtension == nil || URL(fileURLWithPath: name).pathExtension == fileExtension)
        }
    }

    /// The contents of a file.
    package static func data(_ path: String) throws -> [UInt8] {
        guard let root else { throw MissingVectors() }
        return [UInt8](try Data(contentsOf: root.appendingPathComponent(path)))
    }

    /// A file parsed as JSON.
    package static func json(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: data(path))
    }

    private static func path(_ name: String, in root: URL) -> String { root.appendingPathComponent(name).path }

    private static func isThere(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }
}

/// A test asked for a vector although there are none; it lacks its `.enabled(if:)`.
package struct MissingVectors: Error {}
