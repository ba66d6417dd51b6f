import Foundation
import Logging

/// What an operator believes to have configured, and did not. Told once, at the start.
enum Surroundings {
    /// Where Charon looks for its configuration (operations.md §1.2).
    private static let extensions = ["yaml", "yml", "json", "toml", "properties", "hcl", "env", "ini"]

    static func tell(_ logger: Logger) {
        for path in configurationFiles(in: FileManager.default.currentDirectoryPath) {
            logger.warning(
                "configuration file is not read in this version; use flags or environment variables",
                metadata: ["path": "\(path)"])
        }
        for (name, meant) in EnvironmentArguments.unknown(in: ProcessInfo.processInfo.environment) {
            var metadata: Logger.Metadata = ["name": "\(name)"]
            if let meant { metadata["probably_meant"] = "\(meant)" }
            logger.log(
                level: meant == nil ? .info : .warning, "environment variable belongs to no flag", metadata: metadata)
        }
    }

    static func configurationFiles(in directory: String) -> [String] {
        extensions.map { "\(directory)/charon.\($0)" }.filter { path in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
        }
    }
}
