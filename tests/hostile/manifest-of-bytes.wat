;; refused: a manifest that is no text
;; attacks: none
;; says: line 2: not UTF-8 text
(module
  (@custom "wagather.manifest" "gatherer 1 manifest-of-bytes 0\nresource list /v1/p\ffds * *\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
