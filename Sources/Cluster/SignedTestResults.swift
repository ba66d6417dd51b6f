import SSZ
import Secp256k1

/// Results of `alpha test`, in the name of an operator's identity. Source: spec/cli-create.md §12.2.
package struct SignedTestResults: Sendable {
    /// What is published: `{"enr", "sig", "data"}`.
    package let json: JSONValue

    /// - Parameter data: the results of all categories. Its compact form is what is signed.
    package init(_ data: JSONValue, signedBy key: PrivateKey) {
        json = [
            "enr": .string(ENR(signedBy: key).text),
            "sig": .string(Base64.standard.encode(key.sign(digest: Self.digest(data)).bytes)),
            "data": data,
        ]
    }

    /// BOX(RAW(bytes)).
    static func digest(_ data: JSONValue) -> Root {
        var walker = HashWalker()
        walker.raw(data.bytes())
        return walker.root
    }
}
