import Testing

@testable import Diagnostics

@Suite struct ValidatorMixTests {
    @Test("the usual sizes add up", arguments: ValidatorMix.sizes)
    func usual(size: Int) {
        let mix = ValidatorMix.usual(size)
        #expect(mix.count == size && mix.attesters >= 0 && mix.proposers >= 0 && mix.syncMembers >= 1)
    }

    @Test(
        "any number",
        arguments: [
            (1, 0, 0, 1), (2, 0, 1, 1), (3, 1, 1, 1), (30, 27, 2, 1), (99, 92, 6, 1), (200, 185, 13, 2),
            (3000, 2770, 200, 30),
        ])
    func custom(count: Int, attesters: Int, proposers: Int, syncMembers: Int) {
        let mix = ValidatorMix.custom(count)
        #expect(mix == ValidatorMix(attesters: attesters, proposers: proposers, syncMembers: syncMembers))
    }
}
