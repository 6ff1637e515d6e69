"""Staff roles of the PCN Workforce file and how common each is.

Group, role, detailed role, rows, share of contracted rows and mean FTE as in the file of November 2025 (NHS
England, Primary Care Network Workforce; Open Government Licence v3.0). Pharmacy roles stand apart: their posts
are people of the generated register.
"""

from __future__ import annotations

CARE = "Other Direct Patient Care staff"
ADMIN = "Other Admin/Non-clinical staff"
NURSES = "Other Nurses"
MENTAL_HEALTH = "(Mental Health Practitioners)"

# pharmacy role: (staff role, detailed role, posts with an identifier at the end, contracted rows at the end)
PHARMACY_ROLES = {
    "pharmacist": ("Pharmacists", "Pharmacist", 5900, 1340),
    "advanced_pharmacist_practitioner": (
        "Advanced Pharmacist Practitioners",
        "Advanced Pharmacist Practitioner",
        500,
        0,
    ),
    "pharmacy_technician": ("Pharmacy Technicians", "Pharmacy Technician", 2450, 250),
    "trainee_pharmacy_technician": ("Trainee Pharmacy Technicians", "Trainee Pharmacy Technician", 10, 0),
}

OTHER_ROLES = [
    (CARE, "Care Coordinators", "Care Coordinator", 6376, 0.11, 0.794),
    (CARE, "Social Prescribing Link Workers", "Social Prescribing Link Worker", 3120, 0.255, 0.865),
    (CARE, "Physiotherapists", "Physiotherapist", 2124, 0.581, 0.786),
    (ADMIN, "Other Admin/Non-clinical", "Other", 1892, 0.0, 0.733),
    (CARE, "General Practice Assistants", "General Practice Assistant", 1848, 0.096, 0.815),
    ("Other GPs", "Salaried GPs", "Salaried By PCN", 1647, 0.083, 0.576),
    (CARE, "Paramedics", "Paramedic", 1437, 0.095, 0.858),
    (CARE, "Health and Wellbeing Coaches", "Health and Wellbeing Coach", 1248, 0.287, 0.792),
    (CARE, "Physician Associates", "Physician Associate", 1138, 0.071, 0.902),
    ("Directors", "Medical Clinical Director (GP)", "Clinical Director – Medical", 1017, 0.0, 0.293),
    (NURSES, "Advanced Nurse Practitioners", "Advanced Nurse Practitioner", 862, 0.166, 0.748),
    (ADMIN, "Managers", "Manager", 686, 0.0, 0.684),
    (CARE, "Nursing Associates", "Nursing Associate", 637, 0.072, 0.894),
    (
        CARE,
        f"Mental Health and Wellbeing Practitioners {MENTAL_HEALTH}",
        "Mental Health and Wellbeing Practitioner (Mental Health Practitioner - Adult)",
        500,
        0.596,
        0.889,
    ),
    (ADMIN, "Digital and Transformation Leads", "Digital and Transformation Lead", 495, 0.0, 0.714),
    (CARE, "Other Direct Patient Care", "Other", 480, 0.325, 0.814),
    (CARE, "Trainee Nursing Associates", "Trainee Nursing Associate", 389, 0.085, 0.941),
    (ADMIN, "Receptionists", "Receptionist", 310, 0.0, 0.759),
    (NURSES, "Other Nurses", "Other", 288, 0.063, 0.785),
    (CARE, "Advanced Paramedic Practitioners", "Advanced Paramedic Practitioner", 267, 0.0, 0.883),
    (ADMIN, "Managers", "Senior Manager", 219, 0.0, 0.7),
    (NURSES, "Nurse Specialists", "Nurse Specialist", 164, 0.073, 0.803),
    (CARE, "Therapists", "Therapist- Occupational Therapist", 160, 0.225, 0.872),
    (CARE, "Dieticians", "Dietician", 155, 0.432, 0.77),
    (
        CARE,
        "Advanced Physiotherapist Practitioners",
        "Advanced Physiotherapist Practitioner",
        144,
        0.0,
        0.691,
    ),
    (CARE, "Healthcare Assistants", "Healthcare Assistant", 139, 0.022, 0.715),
    (NURSES, "Enhanced Practice Nurses", "Enhanced Practice Nurse", 135, 0.126, 0.675),
    (CARE, "Healthcare Support Workers", "Healthcare Support Worker", 104, 0.135, 0.652),
    ("Other GPs", "GP Locums", "GP Locum", 87, 0.23, 0.493),
    ("Directors", "Non-clinical Director", "Other Director", 58, 0.0, 0.488),
    (CARE, "Podiatrists", "Podiatrist", 54, 0.185, 0.772),
    (ADMIN, "Medical Secretaries", "Medical Secretary", 50, 0.0, 0.819),
    ("Directors", "Non-clinical Director", "Finance Director", 41, 0.0, 0.367),
]
