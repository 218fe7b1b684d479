;; unusable: the name to call is a memory's
;; attacks: none
;; says: it exports no function 'gather'
(module
  (@custom "wagather.manifest" "gatherer 1 gather-is-no-function 0\n")
  (memory (export "gather") (export "memory") 1))
