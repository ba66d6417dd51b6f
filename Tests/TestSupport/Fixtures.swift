import Foundation
import SSZ

/// Test data of the repository, in the folder `Fixtures` next to the test that asks for it.
package enum Fixtures {
    /// - Parameter file: leave it to the compiler; it finds the folder.
    package static func data(_ name: String, file: String = #filePath) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures")
        return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    /// A file parsed as JSON.
    package static func json(_ name: String, file: String = #filePath) throws -> JSONValue {
        try JSONValue(parsing: data(name, file: file))
    }
}
