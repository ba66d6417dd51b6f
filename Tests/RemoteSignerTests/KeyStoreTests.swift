import Foundation
import NIOSSL
import Testing

@testable import RemoteSigner

@Suite("a PKCS#12 key store as this node's identity") struct KeyStoreTests {
    private func fault(_ bytes: [UInt8], _ password: String?) -> SignerTLS.Fault? {
        do throws(SignerTLS.Fault) {
            _ = try SignerTLS(authorities: nil, identity: .keyStore(bytes, password: password.map { Array($0.utf8) }))
            return nil
        } catch { return error }
    }

    @Test("is opened with its password, and shows its certificate")
    func opened() throws {
        let tls = try SignerTLS(authorities: nil, identity: .keyStore(Self.store, password: Array("styx-test".utf8)))
        let expected = try NIOSSLCertificate.fromPEMBytes(Array(Self.certificate.utf8))
        #expect(tls.configuration.certificateChain == expected.map { .certificate($0) })
        #expect(tls.configuration.privateKey != nil)
        #expect(tls.configuration.certificateVerification == .fullVerification)
    }

    @Test("with another password or none, damaged, or none at all, is refused")
    func refused() {
        #expect(fault(Self.store, "styx-test") == nil)
        #expect(fault(Self.store, "styx-Test") == .keyStore)
        #expect(fault(Self.store, nil) == .keyStore)
        #expect(fault(Array(Self.store.dropLast(10)), "styx-test") == .keyStore)
        #expect(fault(Array(Self.certificate.utf8), "styx-test") == .keyStore)
        #expect(fault([], "styx-test") == .keyStore)
    }

    /// Made for this test with openssl 3.0: `pkcs12 -export`, P-256, PBES2 with AES-256.
    private static let store = [UInt8](Data(base64Encoded: text.joined()) ?? Data())
    private static let text = [
        "MIIEDAIBAzCCA8IGCSqGSIb3DQEHAaCCA7MEggOvMIIDqzCCAmIGCSqGSIb3DQEHBqCCAlMwggJPAgEAMIICSAYJKoZIhvcNAQcB",
        "MFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhapujf2oaLDgICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFhF",
        "+ouS4MVxVsGvy4qVvfuAggHgZJEOmxAOm93pVvrfEcMIqEz+9TsAQfy1CvBTsXm3YxjomHoJNbtnB9+/vTyJBmWgBYZJvn1eGXuS",
        "lQhbn1ovvxpf0sqDKW8nBYfI+Bmp4zisAARuAC6n2sgRncGT2tvjE7n48R7sfkYr3NEw82XcAW7pJTEXta06xgHeFWRHOIYBFyRH",
        "m+RFdZvACYfdTCHGiyPHMdj7mEnH5/YVzcZLLLKPnFIo120sc/4vaCRJ1Iv97aEA3mqC3OCli6gPko2Be1HTWl2Uhir7lKuKfTHv",
        "lWjdWrN+tdEXtHydHGrrzU4pc7yGiKExNguO1jwUNme3GNBNsXzehM63aXy5FZtCG69Hie6KTWlqABjsHC38PKdPzDpV46ztF4bp",
        "GPPAYxxZx5vhven6/s4IadY6qBoXrpFlKlR+UKTlUM5te40ksIpHGN4xKzc0LLNELLoOf6j34y/rmYuXSpN5EM7kSHdZcnrdsVrq",
        "UcX1bHh8EfvNQPcXN2JQXg0WWW1ybaZHHZ3sOfxYFX6pkeBGxAbxsaUnIPTjoeK2etvG2wEIACguKcOPsXgw/hErxMf0Mx/XMxrz",
        "MIIeE30bK+R3lFk4/l3roLeXMRUbibaazZk3fo7ecumQcei1Gr0XnqjfpgZ7ll7QMIIBQQYJKoZIhvcNAQcBoIIBMgSCAS4wggEq",
        "MIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECNe+kB1NXFPKAgIIADAMBggqhkiG",
        "9w0CCQUAMB0GCWCGSAFlAwQBKgQQJv7HsuAMnqxC+Dr0xhgQfQSBkOpYrPE58viUaT303f//8cwHM+B6658E1EZTHke8Li4Mt0+l",
        "+oq/DVYPoFKXJSaWZ7zzWGmvWSTVapvk11s9Fd5u9CNIUXdTHfBxMUyv/ob67L1xmSbjpHp8hNVHL9BaObLrvyS6qscPGoCyWWOh",
        "GDfRSoBnhG5La3C4o18ypSCcAVZUenym9qqwv1L9PsPV8TElMCMGCSqGSIb3DQEJFTEWBBSQOYOs84NjzK2pJ9u8h2zz4DzBOzBB",
        "MDEwDQYJYIZIAWUDBAIBBQAEIMKAZXUa7aDzp48/PIYWvLgi9EmBW3rUAnO9kkjqWjP0BAi6GSHjmfpzmAICCAA=",
    ]
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBgDCCASWgAwIBAgIUEe9zFoTtGmGTLVgecUNu0MM8c78wCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJc3R5eCB0ZXN0MCAXDTI2MTEyOTE2NDE0NFoYDzIxMjYxMTA1
        MTY0MTQ0WjAUMRIwEAYDVQQDDAlzdHl4IHRlc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARdROf3/wYq7uGGSInk3oAiMP4dM5U5QUx3LlHhlDXvDXERMB/uSgaE
        Xdgej/Y7MhxlFhafXISZzKye3OIAHI7ko1MwUTAdBgNVHQ4EFgQUdF4y4b0cydzO
        vFiEKH0gqE/4F+YwHwYDVR0jBBgwFoAUdF4y4b0cydzOvFiEKH0gqE/4F+YwDwYD
        VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAzO1lF8LXcdWoXpVC6ht/
        /RiwYkYIDHgX3h3d0wwzT/UCIQDEaLCNupWz0/EhUxsae1EjOn2r98yNWK7ciQVO
        8ctcbw==
        -----END CERTIFICATE-----
        """
}
