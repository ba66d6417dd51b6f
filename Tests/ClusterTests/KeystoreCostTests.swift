import Cluster
import TestSupport
import Testing

/// Keystores of any cost, made with Python's hashlib and OpenSSL; each holds the secret 5.
@Suite struct KeystoreCostTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        let kdf: String
        let checksum: String
        let cipher: String
        let iv: String
        var password = "password"

        var testDescription: String { name }
        var json: String {
            """
            {"crypto": {"kdf": \(kdf), "checksum": {"function": "sha256", "message": "\(checksum)"},
             "cipher": {"function": "aes-128-ctr", "params": {"iv": "\(iv)"}, "message": "\(cipher)"}}}
            """
        }
    }

    static let longPassword = "0123456789abcdef0123456789abcdef and more"
    static let cases = [
        Case(
            name: "scrypt n=2 r=1 p=1 dklen=32",
            kdf: """
                {"function": "scrypt", "params": {"dklen": 32, "n": 2, "r": 1, "p": 1,
                 "salt": "c6c4a83b414bb306e647a30882a1e9f68a993e919de56837a02535e32c9d073c"}}
                """,
            checksum: "95b67d4b9dde46a53f3f445d300edd033eee2c7b451304bd98f76e1d4378a1fb",
            cipher: "3b6aeaa009ca9bf9e92cd193c0ff9b2efee3ec503a0e89623a0ea6e1ffe5b524",
            iv: "093434a3ee9e0a010bb2c2aae06c2614"),
        Case(
            name: "scrypt n=1024 r=8 p=1 dklen=32",
            kdf: """
                {"function": "scrypt", "params": {"dklen": 32, "n": 1024, "r": 8, "p": 1,
                 "salt": "b41fa43cff3c29a12e94128159cb2e272f5fdfca3d65a455640caee4f25a2bf1"}}
                """,
            checksum: "741a3eb1c5e9cd2106f97faba40f87051bd892cf11e78dfabb38d587934ba9ce",
            cipher: "687ea299ba5bb896c9cc723bd37b6a3fbbcbf6c28d84aa8419fcfaa4a0dd742b",
            iv: "722410d581eb24e0dac881207a217d0f"),
        Case(
            name: "scrypt n=64 r=16 p=1 dklen=32",
            kdf: """
                {"function": "scrypt", "params": {"dklen": 32, "n": 64, "r": 16, "p": 1,
                 "salt": "9818a5951752ea9500d0270a95a728a70d5ca6c2059c26c5e0b84129f6a49643"}}
                """,
            checksum: "2fa7e9ed6bc7ac236e0fa13f87710729f697a906edeb952fbfa3ecf7c4acafaf",
            cipher: "06c5bcf9cc68252f1b3c45ede2673c7f63f06ea5be470ee6fa82961bedf2f1c6",
            iv: "a74be7dd5650716e4e32b1477b2c0705"),
        Case(
            name: "scrypt n=2 r=16 p=1 dklen=32",
            kdf: """
                {"function": "scrypt", "params": {"dklen": 32, "n": 2, "r": 16, "p": 1,
                 "salt": "4cbdcc15cfd2b3895c895d6cc4d5b8528e4e2b303025e8d0c15f72eb02895c53"}}
                """,
            checksum: "7b005d5fb01b05e3e33df1d771d6a27fd0378cfc7cf28b3956c6cbaf3d805a94",
            cipher: "b0478935a4292ebc448e6c246a4f9a74615d3f61e0002b3ff8c64dbc36f6283e",
            iv: "f2bdda2192b2a979569c4ccbd78d6651"),
        Case(
            name: "scrypt n=2 r=16 p=2 dklen=32",
            kdf: """
                {"function": "scrypt", "params": {"dklen": 32, "n": 2, "r": 16, "p": 2,
                 "salt": "cb7dab674c650289bdb992acd50d5d6a3aedf51b8a16631047cf492d6a1768a2"}}
                """,
            checksum: "5205546bc08e40acb030c87ef606712727d01c939423b50702cbea7cfd3e21bc",
            cipher: "7e74a31e0b6e7cb4dac35fa6d2af409ed687d606a13833d3e1e44e3d667bf764",
            iv: "6532ddd66812255b74142e01ea098af0"),
        Case(
            name: "scrypt n=16 r=8 p=5 dklen=32",
            kdf: """
                {"function": "scrypt", "params": {"dklen": 32, "n": 16, "r": 8, "p": 5,
                 "salt": "6e7063be363277c66bcb58b73aafca1a98d660f867ac0b2ae770a3b1a6727c44"}}
                """,
            checksum: "ecd7c9fb8df31a57a5d65e02bb650269ddc0592fbd0f69d99df34ad3014413e2",
            cipher: "7c4effc5199f6705693392f6bd9fd4d04a0bb4a418ecb64752f793922d6ea07a",
            iv: "c2f61742e5f0ef0a74c5fcbeff7ff659"),
        Case(
            name: "scrypt n=4 r=3 p=7 dklen=1000",
            kdf: """
                {"function": "scrypt", "params": {"dklen": 1000, "n": 4, "r": 3, "p": 7,
                 "salt": "61622593fccede66d99c976bf179fc3671462deb680d073692cd636922d4652c"}}
                """,
            checksum: "28193f7d5470974dc777eec927f17dd625d6147db69ebced98ffca2faf189e49",
            cipher: "47c094d166f39c287f45e0bac8e6416a6eeab30a8fd038704e04658b440a6afa",
            iv: "0ef962215cc055786d516355238a80da"),
        Case(
            name: "pbkdf2 c=1 dklen=32",
            kdf: """
                {"function": "pbkdf2", "params": {"dklen": 32, "c": 1, "prf": "hmac-sha256", "salt":
                 "dc90cf07de907ccc64636ceddb38e552a1a0d984743b1f36a447b73877012c39"}}
                """,
            checksum: "9fcc9b682d7fb01a60a43c51dae59991c1112159f6e9da771cbdce58b17d8d4f",
            cipher: "2a372e99fa50963bfdccfd1ec4b114ee16f2cb47d6508b9ce7c9489659f7d153",
            iv: "f64551fcd6f07823cb87971cfb914464"),
        Case(
            name: "pbkdf2 c=7 dklen=4096",
            kdf: """
                {"function": "pbkdf2", "params": {"dklen": 4096, "c": 7, "prf": "hmac-sha256", "salt":
                 "2a"}}
                """,
            checksum: "ce064ac25fcf24eb4402df675fd38b80ea0241fb8eba7e7c7560f0c1f92cb675",
            cipher: "ff673482ab357e4dc82040c32f0c3798b2343176cf2992fdfe795b625a5f7f33",
            iv: "03fbd36c05856bca596b0bcb4466f4f3"),
        Case(
            name: "pbkdf2 c=1000 dklen=33",
            kdf: """
                {"function": "pbkdf2", "params": {"dklen": 33, "c": 1000, "prf": "hmac-sha256", "salt":
                 "2c41d37e84e41b5a19dedfc5fb2570b4d345c84e9dd72e5459ce07bc30dd1490\
                2c41d37e84e41b5a19dedfc5fb2570b4d345c84e9dd72e5459ce07bc30dd1490"}}
                """,
            checksum: "70bc57bc09046d1efe62d0885e2c49e06311388991fe2aac9a836f0408d77b50",
            cipher: "0d76d563e73f0dd59c4ebeb05effe04d1c783a2293ae48575c83dc2a49ca03c6",
            iv: "c61b52e7c10540963124066e7b9e32f9"),
        Case(
            name: "no derivation",
            kdf: """
                null
                """,
            checksum: "7951175fb7d33e13e50c72f8b294b6fa03094f157667e19abb800398742e4921",
            cipher: "698e768d3c769cd599082cf6e664abf2d567009d79d86b420c300a614aa65818",
            iv: "140bedbf9c3f6d56a9846d2ba7088798", password: longPassword),
    ]

    @Test("opens any cost within bounds, and no derivation at all", arguments: cases)
    func opens(_ keystore: Case) throws {
        let key = try Keystore.decrypt(Array(keystore.json.utf8), password: Array((keystore.password + "\n").utf8))
        #expect(key.exposedBytes() == [UInt8](repeating: 0, count: 31) + [5])
    }

    @Test("without derivation a short password is named as the cause")
    func shortPassword() throws {
        let keystore = try #require(Self.cases.last)
        let error = #expect(throws: ClusterError.self) {
            try Keystore.decrypt(Array(keystore.json.utf8), password: Array("short".utf8))
        }
        #expect(error?.description.contains("crypto.kdf: is missing, so the password is the key") == true)
    }
}
