import Cluster
import SSZ
import TestSupport
import Testing

/// Every member of a definition and a lock, damaged in every way: refused with its place and a cure, or read where
/// files may be sloppy. Never a trap.
@Suite struct DocumentMutationTests {
    /// Of each hash style and JSON layout.
    static let versions: [FileVersion] = [.v1_0, .v1_2, .v1_4, .v1_7, .v1_10]

    enum Document: String, CaseIterable, Sendable {
        case definition, lock

        func json(_ version: FileVersion) throws -> JSONValue {
            let lock = try Samples.lock(version, signed: true)
            return try JSONValue(parsing: self == .lock ? lock.encoded() : lock.definition.encoded())
        }

        /// Reads, and does all that is done with what was read. What cannot be read is the result.
        func read(_ json: JSONValue) -> ClusterError? {
            do throws(ClusterError) {
                switch self {
                case .definition:
                    let definition = try Definition(json: json.bytes())
                    _ = definition.verification(customNetwork: nil)
                    _ = try? definition.checkNew()
                    _ = try? definition.encoded()
                case .lock:
                    let lock = try Lock(json: json.bytes())
                    _ = try? lock.encoded()
                }
                return nil
            } catch {
                return error
            }
        }
    }

    /// A value somewhere in a document.
    struct Place {
        let keys: [String]
        let value: JSONValue

        /// As errors name it.
        var path: String {
            keys.reduce("") { path, key in
                if Int(key) != nil { return "\(path)[\(key)]" }
                return path.isEmpty ? key : "\(path).\(key)"
            }
        }
    }

    /// All values below the root, without the later elements of lists: they are like the first.
    private func places(_ json: JSONValue, _ keys: [String] = []) -> [Place] {
        let own = keys.isEmpty ? [] : [Place(keys: keys, value: json)]
        switch json {
        case .object(let object): return own + object.members.flatMap { places($0.value, keys + [$0.name]) }
        case .array(let items): return own + items.prefix(1).flatMap { places($0, keys + ["0"]) }
        default: return own
        }
    }

    /// Calls `body` for each place of each document.
    private func forEachPlace(
        _ version: FileVersion, _ body: (Document, JSONValue, Place) -> Void
    ) throws {
        for document in Document.allCases {
            let json = try document.json(version)
            let places = places(json)
            #expect(places.count > 15)
            for place in places { body(document, json, place) }
        }
    }

    /// The error names the place, or one of those around it, and says what to do.
    private func expectRefusal(
        _ error: ClusterError?, at place: Place, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard let error else {
            Issue.record("\(place.path): \(what) was accepted", sourceLocation: sourceLocation)
            return
        }
        let text = error.description.lowercased()
        // A wrong version has its cure in the list of versions.
        let hasCure = text.contains("get it again") || text.contains("create the cluster with")
        #expect(text.contains(place.path) && hasCure, "\(what): \(error)", sourceLocation: sourceLocation)
    }

    @Test("values of another type are refused", arguments: versions)
    func types(version: FileVersion) throws {
        let others: [JSONValue] = [
            .bool(true), .number("7"), .number("1.5"), "x", [[]], [[:]], .object(JSONObject([("a", 1)])),
        ]
        try forEachPlace(version) { document, json, place in
            for other in others where !isSameType(other, as: place.value) {
                let error = document.read(json.replacing(place.keys, with: other))
                expectRefusal(error, at: place, other.text())
            }
        }
    }

    @Test("missing and null members read as nothing, unless others depend on them", arguments: versions)
    func absent(version: FileVersion) throws {
        try forEachPlace(version) { document, json, place in
            for new in [nil, JSONValue.null] {
                // Elements of lists cannot be missing.
                guard new != nil || Int(place.keys.last ?? "") == nil else { continue }
                let error = document.read(json.replacing(place.keys, with: new))
                let needed = ["version", "cluster_definition", "fork_version", "num_validators", "validators"]
                if let error {
                    #expect(needed.contains(place.keys.last ?? ""), "\(place.path): \(error)")
                    #expect(error.description.contains("version") || error.description.contains("validators"))
                } else {
                    let isNeeded = needed.prefix(3).contains(place.keys.last ?? "")
                    #expect(!isNeeded, "\(place.path) is not missed")
                }
            }
        }
    }

    @Test(
        "bytes that are no hex or base64, or too many, are refused; spellings of the same bytes are not",
        arguments: versions)
    func bytes(version: FileVersion) throws {
        try forEachPlace(version) { document, json, place in
            guard let text = place.value.string, text.count >= 8 else { return }
            let isBase64 = text.hasSuffix("=") || (version <= .v1_1 && place.path.contains("public_shares"))
            // Addresses are text here; their form is a matter of hashing.
            let isHex = text.hasPrefix("0x") && !(place.keys.last ?? "").hasSuffix("address")
            guard isBase64 || isHex else { return }
            var wrong: [JSONValue] = [.string(text + text + text + text), .string(String(repeating: text, count: 500))]
            wrong += isHex ? ["0xzz", "0x123", " 0x12", "0x0x"] : ["A", "AA", "AAAA====", "!!!!", "AA=A", " AAA"]
            for value in wrong {
                // Contracts have long signatures.
                if let text = value.string, text.utf8.count <= 2 + 2 * 2080,
                    place.keys.last?.hasSuffix("signature") == true,
                    Hex.isDecodable(text)
                {
                    continue
                }
                expectRefusal(document.read(json.replacing(place.keys, with: value)), at: place, value.text())
            }
            guard isHex else { return }
            for same in [String(text.dropFirst(2)), "0x" + text.dropFirst(2).uppercased(), "0X" + text.dropFirst(2)] {
                #expect(document.read(json.replacing(place.keys, with: .string(same))) == nil, "\(place.path): \(same)")
            }
        }
    }

    @Test("numbers out of range, and amounts that are no text, are refused", arguments: versions)
    func numbers(version: FileVersion) throws {
        let wrong = ["-1", "18446744073709551616", "1e3", "0.5", "99999999999999999999999999"]
        try forEachPlace(version) { document, json, place in
            guard case .number = place.value else { return }
            let isTime = place.keys.last == "timestamp"
            for digits in wrong where !isTime || digits != "-1" {
                let error = document.read(json.replacing(place.keys, with: .number(digits)))
                expectRefusal(error, at: place, digits)
            }
        }
    }

    @Test("a member that occurs twice, in whatever case, is refused; unknown ones are ignored", arguments: versions)
    func members(version: FileVersion) throws {
        try forEachPlace(version) { document, json, place in
            guard case .object(let object) = place.value, let first = object.members.first else { return }
            var twice = object
            twice.append(first.name.uppercased(), first.value)
            let error = document.read(json.replacing(place.keys, with: .object(twice)))
            expectRefusal(error, at: place, "second \(first.name)")
            #expect(error?.description.contains("occurs twice") == true)
            var unknown = object
            unknown.append("unknown", [["x": 1]])
            #expect(document.read(json.replacing(place.keys, with: .object(unknown))) == nil)
            let shouted = JSONObject(object.members.map { ($0.name.uppercased(), $0.value) })
            #expect(document.read(json.replacing(place.keys, with: .object(shouted))) == nil)
        }
        for document in Document.allCases {
            let json = try document.json(version)
            let text = json.text().replacing("{\"", with: "{\"uuid\":1,\"uuid\":2,\"", maxReplacements: 1)
            let error = document.read(bytes: Array(text.utf8))
            #expect(error?.description.contains("second member \"uuid\"") == true)
        }
    }

    @Test("endless lists and deep nesting are refused", arguments: versions)
    func sizes(version: FileVersion) throws {
        var deep: JSONValue = 1
        for _ in 0..<40 { deep = [deep] }
        try forEachPlace(version) { document, json, place in
            let error = document.read(json.replacing(place.keys, with: deep))
            #expect(error?.description.contains("nested deeper than") == true, "\(place.path)")
            guard case .array = place.value else { return }
            let list = JSONValue.array([JSONValue](repeating: .null, count: 65537))
            expectRefusal(document.read(json.replacing(place.keys, with: list)), at: place, "65537 entries")
        }
    }

    @Test("cut off anywhere, or damaged at random, a document never traps", arguments: versions)
    func damage(version: FileVersion) throws {
        var generator = SeededGenerator(seed: 12)
        for document in Document.allCases {
            let bytes = try document.json(version).bytes()
            for count in stride(from: 0, to: bytes.count, by: bytes.count / 40) {
                #expect(document.read(bytes: Array(bytes.prefix(count))) != nil)
            }
            for _ in 0..<40 { _ = document.read(bytes: TestSupport.Mutation.damage(bytes, using: &generator)) }
        }
    }

    @Test("a file that is too large is refused without being read to its end", .timeLimit(.minutes(1)))
    func garbage() throws {
        // This one has no end at all.
        let error = #expect(throws: ClusterError.self) { try LockFile.load("/dev/zero") }
        #expect(error == .fileTooLarge(path: "/dev/zero", bytesMax: 64 << 20))
        let many = #expect(throws: ClusterError.self) {
            try Lock(json: Array("[".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 64 << 20))
        }
        #expect(many?.description.contains("more than 67108864 bytes") == true)
        let values = #expect(throws: ClusterError.self) {
            try Definition(json: Array(("[" + String(repeating: "0,", count: 4_000_001) + "0]").utf8))
        }
        #expect(values?.description.contains("more than 4000000 values") == true)
    }

    private func isSameType(_ new: JSONValue, as old: JSONValue) -> Bool {
        switch (new, old) {
        case (.bool, .bool), (.string, .string), (.array, .array), (.object, .object), (_, .null): true
        case (.number(let new), .number): Int(new) != nil
        default: false
        }
    }
}

extension DocumentMutationTests.Document {
    func read(bytes: [UInt8]) -> ClusterError? {
        do throws(ClusterError) {
            switch self {
            case .definition: _ = try? Definition(json: bytes).encoded()
            case .lock: _ = try? Lock(json: bytes).encoded()
            }
            switch self {
            case .definition: _ = try Definition(json: bytes)
            case .lock: _ = try Lock(json: bytes)
            }
            return nil
        } catch {
            return error
        }
    }
}

extension Hex {
    fileprivate static func isDecodable(_ text: String) -> Bool {
        (try? decode(text, bytesMax: text.utf8.count)) != nil
    }
}
