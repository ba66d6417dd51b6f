import Ethereum
import SSZ
import TestSupport
import Testing

/// A value of the executable specification, made by Scripts/make-fixtures.
struct ContainerFixture: Sendable, CustomStringConvertible {
    let container: KnownContainer
    let preset: Preset
    let ssz: [UInt8]
    let root: Root
    /// Of blocks: what the proposer signs.
    let messageRoot: Root?
    let json: JSONValue

    var description: String { container.name }

    /// - Parameter file: of the folder Fixtures.
    static func all(in file: String) throws -> [ContainerFixture] {
        try #require(Fixtures.json(file).array).map { testCase in
            ContainerFixture(
                container: try #require(KnownContainer.named(testCase["container"]?.string ?? "")),
                preset: testCase["preset"]?.string == "minimal" ? .minimal : .mainnet,
                ssz: try Hex.decode(#require(testCase["ssz"]?.string), bytesMax: 1 << 20),
                root: try Root(hex: #require(testCase["root"]?.string)),
                messageRoot: try testCase["message_root"]?.string.map { try Root(hex: $0) },
                json: try #require(testCase["json"]))
        }
    }
}
