/// A lock with made-up contents that touches every rule of hashing and writing: odd counts, absent and short values, a
/// share list of another length, repeated amounts, the largest number, Go's zero time, escapes.
///
/// Written and hashed by an independent Python implementation of spec/cluster-files.md §5–7, which gives the right
/// hashes for Charon's golden locks too.
let goldenLock = #"""
    {
     "cluster_definition": {
      "name": "golden \u003cstyx\u003e \u0026 co",
      "creator": {
       "address": "0x50ff4938c23c1be6780ab9542441115c3fd82e7f",
       "config_signature": "0x52f5cbfca55d2d7c9a958bb34c3adcfa5889be778973afa0ea3a617b126ffb8a8b44391cb28ca42bddfbf66b4be97cb0cb9d7665aed303fd468f8ebc7ab0fd4f27"
      },
      "operators": [
       {
        "address": "0x1188292c117e12314df42b9cc50526a1c719355e",
        "enr": "enr:-one",
        "config_signature": "0xc5702beb08ac8e55d1a1ddb2458543e6450c110e666aa4e187c887c87175520a0ab774c49652b374fc0df171eb2ac7535068fc51622b507e98ad04c6757e290027",
        "enr_signature": "0xdc0b15ba9dc4ded4ef96efbc22e754db455653eda19d04e7c063ef78a1b6c2700001aff54064d2f5fcf9495ddbeccc16858297c21746782c9d654565ed2c5e49f4"
       },
       {
        "address": "",
        "enr": "enr:-two",
        "config_signature": "",
        "enr_signature": ""
       },
       {
        "address": "0xEDA5AAE1C974C68E9AC4672EA329F2A0A69DD3AA",
        "enr": "",
        "config_signature": "0xf302f92cd13e0352190aee3f3611b433ddfb8ed0c74e77cec15992fa8377c6706fe701adc823678f85822f5adb13d857893444bea240a5f3faed5068c57120e3",
        "enr_signature": "0xce"
       }
      ],
      "uuid": "12345678-90AB-4CDE-8F01-234567890ABC",
      "version": "v1.10.0",
      "timestamp": "2026-11-23T20:59:39Z",
      "num_validators": 3,
      "threshold": 2,
      "validators": [
       {
        "fee_recipient_address": "0x877fff66018379b4e2aa0e453d60afe9213f0ade",
        "withdrawal_address": "0x3663c9ac3c932f557e5a46876116af72b773fbd1"
       },
       {
        "fee_recipient_address": "",
        "withdrawal_address": "0x493ea37c8d7f9bcb4b5fa4514ef7ceda529204d1"
       },
       {
        "fee_recipient_address": "0x0fce83ab7847d276df6d9250e5e53d330c194e50",
        "withdrawal_address": ""
       }
      ],
      "dkg_algorithm": "frost",
      "fork_version": "0x10000910",
      "deposit_amounts": [
       "8000000000",
       "16000000000",
       "8000000000",
       "8000000000",
       "1000000000"
      ],
      "consensus_protocol": "qbft",
      "target_gas_limit": 18446744073709551615,
      "compounding": true,
      "config_hash": "0x9df41c62164a6104938e9f58e0a95fc2745e8a1ae7fc11ea5f2fdd349cec854d",
      "definition_hash": "0x12e126314c3e590e0f4e5cd3ed598e6830222f5f51446b0d5047ff91b2d78baf"
     },
     "distributed_validators": [
      {
       "distributed_public_key": "0x649366d85b1fd8312c4af0bd04bb72340787eb0c4a7631feb51749546cf990d2ec6f44b5de0281bba1367676d656e3a7",
       "public_shares": [
        "0x94d0e1bfe2dc3c901a5850dbd484d450ac52572fdd78e5a67259fc90d0cde52d7e3bc81f04b2f13aef95a3b0362396c7",
        "0xef9b39fedddeb1cdb18d3f82e1da0aecd06d8bd3423bfb2bdc21c1a6999f4609a8be3a158fad57666316e5fabed68220",
        "0x97a4e560dc89a9eb76641ba92489399dbe6f05db46762a437b32b83c7cc9baca4eee1d1c63dee6436038135c5f872aaf"
       ],
       "builder_registration": {
        "message": {
         "fee_recipient": "0xbc89652698c384222428724bc1c271d1388eef73",
         "gas_limit": 36000000,
         "timestamp": -62135596800,
         "pubkey": "0xe9345769b610e7ed6b04edb15e4ca5cacb8667cefca0962d0fbb7ac4b332a233c360e481c39e8bc29d823cca0ce5f206"
        },
        "signature": "0xd2b082649d6f362c6c1e091d7071c7f590600adf232b2434eaacb7a82bab3cfdfb938728b3e7653906ef2b3d4c5b2c6d72f96b947b50e00b579b7bbe90198ddc959cdf32dd611e92a5826bedc6e1e041e1201d113cdd6af9a8e22307068262e2"
       },
       "partial_deposit_data": [
        {
         "pubkey": "0x6f593cfd2df1c6830d4cb7cfd2ffc2e3c87d793771ad7c1d517ac9035070cc1a05dc400a62bdd288b44aba506088080e",
         "withdrawal_credentials": "0x7c63851629cb7f292359e57314677cad4677b8582cc9b5d04427248d6cb0875b",
         "amount": "1000000000",
         "signature": "0xfa522d357ba1be31934cf69828de75c76b91ecfa1425181046545665c0ff487789f5b149af9bb794"
        },
        {
         "pubkey": "0x55919a0020ad83944945f786102477b63f2d8856c9adc842e6f621a3a10c1fe2aee2b8017c2986c366427ecea078312e",
         "withdrawal_credentials": "0xdd704982a7869054ab5d188ea0a698a51d64d4b31b81cae3006bc7be24e03f59",
         "amount": "2000000000",
         "signature": "0xec627cbedf2926f96130728f0efc8482df4c91193bb0c018d4da1b5f5770dc0a9164c370da615a23e8bcbac507ecfce4abadd298363623e2a065c410da85d15426780c7e782b299cdf351225e441872e9c7edb0d29ef172725c9a832ed269c45"
        }
       ]
      },
      {
       "distributed_public_key": "0xace08d5a7b36171028e9b78ea0964e0448e3c791a0ffdbc92dfef673de7c1fc9eeed3f4662e1e896e7624ca16618ddeb",
       "builder_registration": {
        "message": {
         "fee_recipient": "",
         "gas_limit": 36000001,
         "timestamp": 1742213400,
         "pubkey": "0x4dc7ee649d5f492131a1a1c216aed1258f50183a211a6130ead27956698841f96ab13bf12b892ea667fe3663fe253ada"
        },
        "signature": "0x163e57c453be13b01618f17b3ec82a7706355805892451c1c3f198f17ffc08f3b36bc2d70f7ae23ec5ec9db8f92d93cbfcf2a015b6da64edbfad129525ff636e792b03316b56234debf65c854057612c6e455b3663cff5413072ac5b75e0e13a"
       }
      },
      {
       "distributed_public_key": "0x06200fcf688278f2f290d60fcb1af47fe8025d1baa2843b160734a68f28cdf96e1372fc792daa6d79b15ad38014dbf08",
       "public_shares": [
        "0x32dedd8fa469a266bfde23ebe67e4fa76b72525a076d5c31479e201312ac3f23a230ac84abe3d7edacb1457453c14605",
        "0x61e31bf06b00fbec8dd8db94091d51bc0f3397fc5fc21bc9dad4451053eddd601cdd30071fe81acd67d87462fd086a12"
       ],
       "builder_registration": {
        "message": {
         "fee_recipient": "0xac2d9751f39c6222193606698201a65ea3481de7",
         "gas_limit": 36000002,
         "timestamp": 1742213400,
         "pubkey": "0x8cd630aed223ae8cdb2e4a750322790d89a21a335fec5011d6842d64fd255dfeeb1327320b368738f2726d6f476809bc"
        },
        "signature": "0xccbf6f42355ff218bc02beb3ea699667d74960ce2b2457c6d59beec032d5d6ddf6e4e2f8f49d51094668ee531a05773dfa3b012da157b4de55995b452ead2f9f987a057bea61c6d04df5df6cf8ac43e1a9c0f9fac082bcde3e850a800b85c30e"
       },
       "partial_deposit_data": [
        {
         "pubkey": "0x35e988e80e5defe0f4fb57bf9934b7c355656fc772cd97118733b1f7c52414aab5f98452b0f567173a5f2b335d2f5f58",
         "withdrawal_credentials": "0x28ef169bbc809d3a75ae8f4408bc159a6037ac04d1027d5396754cbbc4016068",
         "amount": "1000000000",
         "signature": "0x49d940f3a5a37b7744917b5a2fc82dc4c3e15f9f6c7224539e6c261713f6699bafa614e32c224c50"
        }
       ]
      }
     ],
     "signature_aggregate": "0xb1a4e09c58646837e1dc2f6e4cc151c4c587f793d46ade8e57b27d9de6be8e17ffbdb209f705b4c9104fe6eee08c1c1e131991905ab9f9d68baacbe9606a05d228fffbf056d0121b59d353a65dc22906e627caf1b5586cdb77326632fd9d8d7d",
     "lock_hash": "0xf3a032352d99edb376886618c4f1e0d7ceb8d14a3843bdcb9845c5677d23bf81",
     "node_signatures": [
      "0x97504509d9c0e802f6f5b70d3d42b6003f33d3cde1e7eb38705eeea083fb3f011f20ae512cd7124ed87cd1b9066525a757efbe8c8e11ed57415b43e1e54a1cbfed",
      "0x796690d3d284ec098f0f30b58c66f95a70ac32e7c2ec38d39a504a29dc9f376b"
     ]
    }
    """#
