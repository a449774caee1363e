"""What a school uploads for its Chromebooks, as files: policies, network and certificate (ONC), PAC, and what to do.

Facts in, texts out: `school.facts` gathers what a school is, `data` reads what browsers know (dated, each with its
source), `values`, `onc` and `firefox` make what they read, `page` what a person reads, `parcel` all of it together.
"""
