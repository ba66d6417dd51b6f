import SSZ
import Testing

struct SHA256Tests {
    @Test(arguments: [
        ("", "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func knownAnswers(message: String, digest: String) {
        #expect(SHA256.hash(Array(message.utf8)).hex == digest)
        #expect(SHA256.hash(message.utf8).hex == digest)
    }

    @Test func nodeIsTheHashOfBothHalves() {
        let left = Root(padding: [1, 2, 3])
        let right = Root(padding: [4, 5])
        #expect(SHA256.hash(left, right) == SHA256.hash(left.bytes + right.bytes))
    }
}
