import DKG
import Testing

@Suite("the seed of a ceremony")
struct CeremonySeedTests {
    private func seed(_ byte: UInt8) throws -> CeremonySeed {
        try #require(CeremonySeed(bytes: [UInt8](repeating: byte, count: 32)))
    }

    private func words(_ seed: CeremonySeed, _ label: String) -> [UInt64] {
        let stream = seed.generator(label)
        return (0..<9).map { _ in stream.next() }
    }

    @Test("gives the same numbers for the same label, others for every other label and seed")
    func streams() throws {
        let seed = try seed(1)
        #expect(words(seed, "a") == words(seed, "a"))
        #expect(Set(words(seed, "a") + words(seed, "b") + words(try self.seed(2), "a")).count == 27)
    }

    /// Computed with Python's hmac and hashlib: HKDF-SHA256 without salt, then HMAC of the counter. Changing the
    /// stream would make a ceremony that is under way go on with other secrets.
    @Test("stays the same from release to release")
    func known() throws {
        #expect(
            words(try seed(1), "a")[3...5] == [
                0x7a20_216a_50c2_fc9c, 0x1125_1bb1_5cee_81da, 0x4616_8577_d9f7_dd66,
            ])
    }

    @Test("has 32 bytes and comes back from them")
    func bytes() throws {
        #expect(CeremonySeed(bytes: [UInt8](repeating: 1, count: 31)) == nil)
        #expect(CeremonySeed(bytes: []) == nil)
        let fresh = CeremonySeed()
        let again = try #require(CeremonySeed(bytes: fresh.withBytes { Array($0) }))
        #expect(words(fresh, "a") == words(again, "a"))
        #expect(words(fresh, "a") != words(CeremonySeed(), "a"))
    }

    @Test("does not show itself")
    func hidden() throws {
        #expect("\(try seed(1))" == "CeremonySeed(hidden)")
    }
}
