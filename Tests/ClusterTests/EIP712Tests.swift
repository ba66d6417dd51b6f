import Cluster
import SSZ
import Secp256k1
import TestSupport
import Testing

@Suite struct EIP712Tests {
    @Test("a known digest of the creator's message")
    func knownAnswer() {
        let text = "0xe57f66637bdfa05cce6a78e8cf4120d67d305b485367a69baa5f738436533bcb"
        #expect(
            EIP712.creatorConfigHash(text).digest(chainID: 11_155_111).hex
                == "0x7c8fe012e2f872ca7ec870164184f57b921166f80565ff74af7bee5796f973e4")
    }

    @Test("digests differ by purpose, text and chain")
    func separation() {
        let digests = [
            EIP712.creatorConfigHash("0x01").digest(chainID: 1), EIP712.operatorConfigHash("0x01").digest(chainID: 1),
            EIP712.enr("0x01").digest(chainID: 1), EIP712.enr("0x02").digest(chainID: 1),
            EIP712.enr("0x01").digest(chainID: 5), EIP712.configHash("0x01").digest(chainID: 1),
            EIP712.termsAndConditions.digest(chainID: 1),
        ]
        #expect(Set(digests).count == digests.count)
        #expect(EIP712.termsAndConditions.digest(chainID: 1) == EIP712.termsAndConditions.digest(chainID: 5))
    }

    @Test("agrees with real signatures", .enabled(if: Vectors.has("cluster/derived/eip712.json")))
    func vectors() throws {
        var checked = 0
        var recovered = 0
        let cases = try #require(Vectors.json("cluster/derived/eip712.json")["cases"]?.array)
        for item in cases {
            let type = try #require(item["type"]?.string)
            let text = item["value"]?.string ?? ""
            let message: EIP712
            switch type.prefix(while: { $0 != "(" }) {
            case "CreatorConfigHash": message = .creatorConfigHash(text)
            case "OperatorConfigHash": message = .operatorConfigHash(text)
            case "ConfigHash": message = .configHash(text)
            case "ENR": message = .enr(text)
            case "TermsAndConditions": message = .termsAndConditions
            default: throw SSZError(.missing).inside(type)
            }
            let digest = message.digest(chainID: item["chain_id"]?.integer ?? 0)
            #expect(digest == (try hash(item, "digest")))
            checked += 1
            guard let signature = item["signature"]?.string else { continue }
            let key = try PublicKey.recover(digest: digest, signature: Bytes65(hex: signature))
            #expect(EthereumAddress(key).checksummed == item["address"]?.string)
            recovered += 1
        }
        #expect(checked == cases.count && checked >= 15 && recovered >= 13)
    }

    /// From EIP-55 itself.
    @Test(
        "addresses show their checksum",
        arguments: [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
            "0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77",
        ])
    func checksum(address: String) {
        #expect(EthereumAddress(address)?.checksummed == address)
        #expect(EthereumAddress("0x" + address.dropFirst(2).lowercased())?.checksummed == address)
    }

    @Test("the address of a well-known key")
    func ofKey() throws {
        let key = try PrivateKey(
            Hex.decode("4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d", bytesMax: 32))
        #expect(EthereumAddress(key.publicKey).checksummed == "0x90F8bf6A479f320ead074411a4B0e7944Ea8c9C1")
    }

    @Test(
        "refuses what is no address",
        arguments: [
            "", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
            "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ])
    func refuses(text: String) { #expect(EthereumAddress(text) == nil) }
}
