import Ethereum
import SSZ
import TestSupport
import Testing

/// Damaged bytes and JSON for every container: an answer always, never a trap, and nothing non-canonical accepted.
struct HostileContainerTests {
    static let samples = [try? ContainerFixture.all(in: "containers.json")].compactMap(\.self).flatMap(\.self)

    @Test(arguments: 0..<20 as Range<UInt64>)
    func bytesAreReadStrictly(seed: UInt64) {
        #expect(Self.samples.count > 50)
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for sample in Self.samples {
            for _ in 0..<10 {
                let bytes = Mutation.damage(sample.ssz, using: &random)
                guard let facts = try? sample.container.readSSZ(bytes, sample.preset) else { continue }
                accepted += 1
                #expect(facts.ssz == bytes, "\(sample.container), seed \(seed)")
            }
            _ = try? sample.container.readSSZ(random.bytes(Int.random(in: 0..<400, using: &random)), sample.preset)
        }
        #expect(accepted > 0)
    }

    @Test func lengthsAreExact() {
        for sample in Self.samples {
            for count in 0..<sample.ssz.count {
                guard let facts = try? sample.container.readSSZ(Array(sample.ssz[..<count]), sample.preset) else {
                    continue
                }
                #expect(facts.ssz == Array(sample.ssz[..<count]), "\(sample.container) cut to \(count)")
            }
            guard let facts = try? sample.container.readSSZ(sample.ssz + [0], sample.preset) else { continue }
            #expect(facts.ssz == sample.ssz + [0], "\(sample.container) with a byte more")
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func jsonIsReadStrictly(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for sample in Self.samples {
            let text = Array(sample.json.text().utf8)
            for _ in 0..<4 {
                guard let json = try? JSONValue(parsing: Mutation.damage(text, using: &random)),
                    let facts = try? sample.container.readJSON(json, sample.preset)
                else { continue }
                let again = try sample.container.readSSZ(facts.ssz, sample.preset)
                #expect(again.json == facts.json, "\(sample.container), seed \(seed)")
            }
        }
    }

    /// Every value replaced by one of another kind, every member removed: refused, and the error names the member.
    @Test func jsonErrorsNameThePlace() {
        for sample in Self.samples {
            for (path, damaged) in Self.damagedMembers(of: sample.json) {
                let error = #expect(throws: SSZError.self, "\(sample.container) \(path)") {
                    try sample.container.readJSON(damaged, sample.preset)
                }
                #expect(error?.path == path)
            }
        }
    }

    private static func damagedMembers(of json: JSONValue) -> [(path: [String], json: JSONValue)] {
        guard case .object(let object) = json else { return [] }
        return object.members.flatMap { member -> [(path: [String], json: JSONValue)] in
            let replacements: [JSONValue?] = [nil, .null, 1, true, "x", "-1", "0x0"]
            let outer = replacements.map { replacement in
                var copy = object
                copy[member.name] = replacement
                return (path: [member.name], json: JSONValue.object(copy))
            }
            let inner = damagedMembers(of: member.value).map { damaged in
                var copy = object
                copy[member.name] = damaged.json
                return (path: [member.name] + damaged.path, json: JSONValue.object(copy))
            }
            return outer + inner
        }
    }
}
