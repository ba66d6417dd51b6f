import Cluster
import Foundation

/// The configuration files in one directory: `styx.<ext>` above `charon.<ext>`. Source: operations.md §1.2.
struct ConfigurationFolder: Sendable {
    /// A file that Charon would look for, or that another hides.
    struct Unread: Equatable, Sendable {
        let path: String
        let why: String
    }

    private static let names = ["styx", "charon"]
    /// Charon reads these too.
    private static let otherExtensions = ["properties", "props", "prop", "hcl", "tfvars", "dotenv", "env", "ini"]

    /// The first that says something of a flag counts.
    private(set) var files: [ConfigurationFile] = []
    private(set) var unread: [Unread] = []

    init() {}

    /// - Throws: `CommandFailure` naming the file that cannot be read, and its line.
    init(_ directory: String) throws {
        for name in Self.names {
            var chosen: String?
            for format in ConfigurationFile.Format.allCases {
                let path = "\(directory)/\(name).\(format.rawValue)"
                guard try Self.isThere(path) else { continue }
                if let chosen {
                    unread.append(Unread(path: path, why: "\(chosen) is read instead; keep one of them"))
                    continue
                }
                chosen = "\(name).\(format.rawValue)"
                files.append(try Self.read(path, format))
            }
            for other in Self.otherExtensions.map({ "\(directory)/\(name).\($0)" }) where Self.isFile(other) {
                unread.append(Unread(path: other, why: "of a kind that is not read; write it as \(name).yaml"))
            }
        }
    }

    /// What the files say of a flag, and where.
    func value(of flag: String) -> (text: String, origin: String)? {
        for file in files {
            if let (text, line) = file[flag] { return (text, "\(file.path):\(line)") }
        }
        return nil
    }

    private static func read(_ path: String, _ format: ConfigurationFile.Format) throws -> ConfigurationFile {
        do {
            let bytes = try FileAccess.read(path, bytesMax: ConfigurationFile.bytesMax)
            return try ConfigurationFile(bytes, format: format, path: path)
        } catch let fault as ConfigurationFile.Fault {
            let place = fault.line.map { "\(path):\($0)" } ?? path
            throw CommandFailure("configuration file \(place) \(fault.what); \(fault.cure)")
        } catch {
            throw CommandFailure("configuration file: \(error)")
        }
    }

    /// Whether there is a file to read.
    ///
    /// - Throws: for a directory. Who has one, as container tools make of files that they miss, believes to have a
    ///   configuration.
    private static func isThere(_ path: String) throws -> Bool {
        guard !FileAccess.isDirectory(path) else {
            throw CommandFailure(
                "configuration file \(path) cannot be read: it is a directory; put a file there, or take it away")
        }
        return isFile(path)
    }

    /// No directory, and nothing that would keep its reader waiting.
    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
